/** What only some audiences and pages ask for: patterns, and conditions that a browser has to answer. */
export { holds, searchIn } from '@handrail/engine'

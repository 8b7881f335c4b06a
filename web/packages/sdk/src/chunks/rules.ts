/** What only some experiences ask for: patterns, conditions that a browser has to answer, days of a zone. */
export { holds, searchIn, zoneOf } from '@handrail/engine'

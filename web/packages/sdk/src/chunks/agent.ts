/** The agent: its panel, and what it says while nobody has set it up. */
export { drawAgent as open } from '@handrail/renderers/agent'

/** Addresses with chips in them, made safe: only content that has an address asks for it. */
export { renderUrl } from '@handrail/engine'

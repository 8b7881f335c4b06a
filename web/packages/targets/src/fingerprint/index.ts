export { addLocale, type Captured, capture, placeOf } from './capture.ts'
export { makeFinder } from './finder.ts'

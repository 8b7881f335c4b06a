export { type Dispose, type Found, findTarget, nameOf, type Words } from './find.ts'
export { spotTarget } from './spot.ts'
export { type Finder, watchTarget } from './watch.ts'

export { type Dispose, type Found, findTarget, nameOf, type Words } from './find.ts'
export { type Finder, watchTarget } from './watch.ts'

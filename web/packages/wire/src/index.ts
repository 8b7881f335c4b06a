export type * from './boot.ts'
export type * from './documents.ts'

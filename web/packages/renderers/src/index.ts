export type { Drawn, Renderer, Stage } from './stage.ts'

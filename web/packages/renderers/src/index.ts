export type { By, Drawn, Renderer, Stage, StepStage } from './stage.ts'

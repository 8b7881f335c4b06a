import type { StepPlan } from '@handrail/engine'
import type { Content, Step, TourContent } from '@handrail/wire'
import type { Tools } from './sequence.ts'
import type { Arm } from './triggers.ts'

/** What a tour is played with: how its steps are drawn, how targets are watched, how triggers are armed where it has any. */
export type TourParts = Required<Pick<Tools<Step>, 'draw' | 'watch'>> & { arm?: Arm | undefined }

export const stepsOf = (content: Content) => (content.content as TourContent).steps

/** How tours are played. */
export function tourTools(content: Content, parts: TourParts): Tools<Step> {
  const steps = stepsOf(content)
  return {
    ...parts,
    steps,
    plans: steps.map((step) => planOf(step, steps)),
    showProgress: (content.content as TourContent).show_progress !== false,
    counts: true,
    targetOf: (step) =>
      points(step) && step.target ? { target: step.target, wait: step.missing?.wait_seconds ?? 6 } : undefined,
  }
}

const points = (step: Step) => !/modal|snippet/.test(step.form ?? '') && !!step.target

function planOf(step: Step, steps: readonly Step[]): StepPlan {
  const { then = 'float', step: to } = step.missing ?? {}
  const missing =
    then === 'go_to_step'
      ? Math.max(
          0,
          steps.findIndex((each) => each.key === to),
        )
      : then
  return { needsTarget: points(step), missing }
}

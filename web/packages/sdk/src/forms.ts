import type { Drawn, StepStage } from '@handrail/renderers'
import type { draw } from '@handrail/renderers/tour'
import type { Step } from '@handrail/wire'
import type { Dispose } from './guard.ts'
import type { Tools } from './sequence.ts'

/**
 * Draws the steps of a tour, also what few of them ask for: to wait behind a badge, to be shown by a cursor, to go on once
 * the target is used. What the first two are drawn with is loaded.
 */
export async function drawWith(drawStep: typeof draw, steps: readonly Step[]): Promise<Tools<Step>['draw']> {
  const has = (form: string) => steps.some((step) => step.form === form)
  const [mark, cursor] = await Promise.all([
    has('badge') ? import('@handrail/renderers/mark') : undefined,
    has('cursor') ? import('@handrail/renderers/cursor') : undefined,
  ])
  const drawForm = (stage: StepStage<Step>): Drawn => {
    const { form } = stage.content
    if (form === 'badge' && mark && stage.target) return mark.drawBadge(stage, drawStep)
    if (form === 'cursor' && cursor) return cursor.drawCursor(stage, drawStep)
    return drawStep(stage)
  }
  return (stage) =>
    stage.target && stage.content.on_target === 'advance' ? goOn(stage, drawForm(stage)) : drawForm(stage)
}

/** The user uses the target: the step goes on. */
function goOn(stage: StepStage<Step>, drawn: Drawn): Drawn {
  let off = onUse(stage, stage.target)
  return {
    ...drawn,
    move(next) {
      off()
      off = onUse(stage, next)
      drawn.move(next)
    },
    close() {
      off()
      drawn.close()
    },
  }
}

/** Heard before the page's own handlers may leave; nothing comes out of a frame, so it is heard in there. */
function onUse(stage: StepStage<Step>, target: Element | null): Dispose {
  const page = target?.ownerDocument ?? stage.document
  const listen = stage.guard((event: Event) => {
    if (target && event.composedPath().includes(target)) stage.act([{ type: 'go_to_step', step: 'next' }], 'target')
  })
  page.addEventListener('click', listen, true)
  return () => page.removeEventListener('click', listen, true)
}

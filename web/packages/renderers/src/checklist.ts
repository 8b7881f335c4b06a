import type { TaskState } from '@handrail/engine'
import type { Block, Button, Task } from '@handrail/wire'
import { drawBlocks, drawButton, make } from './blocks.ts'
import { drawIcon } from './icons.ts'
import { type DrawnPanel, type PanelStage, plainButton, redraw } from './panel/panel.ts'
import type { Stage } from './stage.ts'

export { drawLauncher } from './panel/launcher.ts'
export { drawPanel } from './panel/panel.ts'
export { panelSheet } from './panel/style.ts'

/** What a checklist adds to the sheet of its panel. */
export const OWN = `
.meter{display:grid;gap:6px;flex:none;padding:0 20px 12px}
.bar{height:8px;border-radius:4px;background:var(--border);overflow:hidden}
.bar i{display:block;height:100%;border-radius:4px;background:var(--primary);width:var(--done)}
.tasks{list-style:none;padding:0;display:grid;gap:2px;margin-inline:-8px}
.task{border-radius:var(--radius)}
.task.unfolded{background:color-mix(in srgb,var(--text) 4%,transparent)}
.line{display:flex;align-items:center}
.line button{background:none;color:var(--text);font-weight:500;text-align:start}
.line button:hover{filter:none;background:color-mix(in srgb,var(--text) 7%,transparent)}
.line .do{flex:1;display:flex;gap:10px;align-items:center;min-height:44px;padding:8px;min-width:0;overflow-wrap:anywhere}
.line .do[aria-disabled=true]{cursor:not-allowed;color:var(--muted)}
.line .fold{flex:none;width:40px;min-height:40px;padding:0;display:grid;place-items:center;color:var(--muted)}
.fold svg{width:14px;height:14px;transition:rotate .16s}
.fold[aria-expanded=true] svg{rotate:180deg}
.mark{width:22px;height:22px;border-radius:50%;border:2px solid color-mix(in srgb,var(--muted) 60%,transparent);display:grid;place-items:center;flex:none}
.mark svg{width:12px;height:12px}
.done .mark{background:var(--primary);border-color:var(--primary);color:var(--on-primary)}
.done .do,.skipped .do{color:var(--muted)}
.done .title{text-decoration:line-through}
.more{padding:0 8px 12px 40px;padding-inline:40px 8px;display:grid;gap:10px}
.more .buttons{margin:0}
.finish{display:grid;gap:10px;justify-items:center;text-align:center;padding:12px 0 6px}
.finish .big{width:44px;height:44px;border-radius:50%;background:var(--primary);color:var(--on-primary);display:grid;place-items:center}
.finish .big svg{width:22px;height:22px}
@media(prefers-reduced-motion:reduce){.fold svg{transition:none}}
@media(prefers-reduced-motion:no-preference){.bar i{transition:width .24s ease-out}}
@media(forced-colors:active){.bar{border:1px solid}.bar i{background:Highlight}.mark{border-color:currentColor}}
`

const TICK = 'M2.5 7.5 5.5 10.5 11.5 3.5'
const LOCK = 'M3.5 6.5h7v5h-7zM5 6.5V4.7a2 2 0 0 1 4 0v1.8'

/** A task as it is drawn. */
export interface TaskLine {
  task: Task
  state: TaskState
  unfolded: boolean
}

export interface ListStage extends PanelStage {
  lines: readonly TaskLine[]
  settled: number
  dismissible: boolean
  /** Whether a pointer over a task unfolds it. */
  hovers: boolean
  does(task: Task): void
  press(task: Task, button: Button): void
  fold(task: Task, open: boolean): void
  skip(task: Task): void
  dismiss(): void
}

/** Draws the tasks and how far the user is. */
export function drawTasks(panel: DrawnPanel, stage: ListStage): void {
  const { lines, settled } = stage
  meter(panel, stage, settled, lines.length)
  const list = make(stage, 'ul', 'tasks', ...lines.map((line) => drawTask(stage, line)))
  // Without marks a list is none for VoiceOver; the role says it again.
  list.setAttribute('role', 'list')
  redraw(panel.inside, list)
  panel.foot(
    ...(stage.dismissible
      ? [plainButton(stage, 'plain', 'dismiss', stage.dismiss, stage.word('dismiss_list', 'Dismiss this list'))]
      : []),
  )
}

function meter(panel: DrawnPanel, stage: Stage, settled: number, count: number) {
  const said = stage.word('tasks_done', '# of # done', settled, count)
  let box = panel.card.querySelector<HTMLElement>('.meter')
  if (!box) {
    const bar = make(stage, 'div', 'bar', make(stage, 'i'))
    bar.setAttribute('role', 'progressbar')
    bar.setAttribute('aria-labelledby', 'title')
    bar.setAttribute('aria-valuemin', '0')
    box = make(stage, 'div', 'meter', make(stage, 'span', 'progress'), bar)
    panel.inside.before(box)
  }
  const bar = box.lastElementChild as HTMLElement
  bar.setAttribute('aria-valuemax', `${count}`)
  bar.setAttribute('aria-valuenow', `${settled}`)
  bar.setAttribute('aria-valuetext', said)
  bar.style.setProperty('--done', `${(100 * settled) / count}%`)
  ;(box.firstElementChild as HTMLElement).textContent = said
}

const hasMore = ({ task, state }: TaskLine) =>
  state !== 'locked' && !!(task.text || task.primary || task.secondary || (task.skippable && state === 'open'))

function drawTask(stage: ListStage, line: TaskLine): HTMLElement {
  const { task, state } = line
  const more = hasMore(line)
  const title = stage.text(task.title)
  const mark = make(stage, 'span', 'mark')
  if (state === 'done') mark.append(drawIcon(stage, TICK))
  if (state === 'skipped') mark.append(drawIcon(stage, 'M3 7h8'))
  if (state === 'locked') mark.append(drawIcon(stage, LOCK))
  const said =
    state === 'done'
      ? stage.word('task_done', 'done')
      : state === 'skipped'
        ? stage.word('skipped', 'skipped')
        : state === 'locked'
          ? stage.word('locked', 'locked until the one before is done')
          : ''
  const fold = () => stage.fold(task, !line.unfolded)
  const button = plainButton(
    stage,
    'do',
    `do ${task.key}`,
    () => {
      if (state === 'locked') return
      if (task.action) stage.does(task)
      else if (more) fold()
    },
    mark,
    make(stage, 'span', 'title', title),
  )
  if (said) button.append(make(stage, 'span', 'live', `, ${said}`))
  if (state === 'locked' || !(task.action || more)) button.setAttribute('aria-disabled', 'true')
  const row = make(stage, 'div', 'line', button)
  const item = make(stage, 'li', `task ${state}${line.unfolded && more ? ' unfolded' : ''}`, row)
  if (!more) return item
  if (task.action) {
    const folds = plainButton(stage, 'fold', `fold ${task.key}`, fold, drawIcon(stage, 'M3 5l4 4 4-4'))
    folds.setAttribute('aria-label', `${stage.word('details', 'Details')}: ${title}`)
    folds.setAttribute('aria-expanded', `${line.unfolded}`)
    row.append(folds)
  } else {
    button.setAttribute('aria-expanded', `${line.unfolded}`)
    const sign = make(stage, 'span', 'fold', drawIcon(stage, 'M3 5l4 4 4-4'))
    if (line.unfolded) sign.setAttribute('aria-expanded', 'true')
    button.append(sign)
  }
  if (stage.hovers && !line.unfolded)
    item.addEventListener(
      'pointerenter',
      stage.guard((event) => {
        if ((event as PointerEvent).pointerType === 'mouse') stage.fold(task, true)
      }),
    )
  if (line.unfolded) item.append(drawMore(stage, line))
  return item
}

function drawMore(stage: ListStage, { task, state }: TaskLine): HTMLElement {
  const more = make(stage, 'div', 'more')
  if (task.text) more.append(make(stage, 'p', '', stage.text(task.text)))
  const row = make(stage, 'div', 'buttons')
  for (const [block, name, style] of [
    [task.primary, 'primary', 'primary'],
    [task.secondary, 'secondary', 'secondary'],
  ] as const) {
    if (!block) continue
    const pressing = { ...stage, act: () => stage.press(task, block) }
    const button = drawButton(pressing, { ...block, style: name === 'secondary' ? style : (block.style ?? style) })
    button.dataset['at'] = `${name} ${task.key}`
    row.append(button)
  }
  if (task.skippable && state === 'open')
    row.append(plainButton(stage, 'plain', `skip ${task.key}`, () => stage.skip(task), stage.word('skip', 'Skip')))
  if (row.childNodes.length) more.append(row)
  return more
}

/** Draws what stands in the panel when every task is settled; without blocks, a few words of ours. */
export function drawCompletion(panel: DrawnPanel, stage: Stage, blocks: readonly Block[] | undefined, count: number) {
  meter(panel, stage, count, count)
  const big = make(stage, 'div', 'big', drawIcon(stage, TICK))
  const said = blocks ? drawBlocks(stage, blocks) : [make(stage, 'h2', '', stage.word('all_done', 'All done!'))]
  redraw(panel.inside, make(stage, 'div', 'finish', big, ...said))
  panel.foot()
}

/** Draws what stands in the panel after it was dismissed, for as long as that can be taken back. */
export function drawDismissed(panel: DrawnPanel, stage: Stage, undo: () => void): void {
  panel.card.querySelector('.meter')?.remove()
  const button = plainButton(stage, 'secondary', 'undo', undo, stage.word('undo', 'Undo'))
  const said = make(stage, 'p', '', stage.word('dismissed_list', 'This list is put away.'))
  said.setAttribute('role', 'status')
  redraw(panel.inside, said, make(stage, 'div', 'buttons', button))
  panel.foot()
  button.focus({ preventScroll: true })
}

import { progressOf, type TaskState } from '@handrail/engine'
import type { DrawnPanel, ListStage, PanelStage } from '@handrail/renderers'
import type { Action, Block, ChecklistContent, Condition, ExperienceState, Task } from '@handrail/wire'
import type { Dispose } from './guard.ts'
import { deviceOf, parse } from './page.ts'
import { createPanel, type PanelKind } from './panel/panel.ts'
import type { Asked, Play } from './play.ts'
import { stateOf } from './settled.ts'
import type { Uses } from './uses.ts'

/** How a checklist draws what it shows. */
export interface ChecklistParts extends Pick<PanelKind, 'drawLauncher' | 'drawPanel'> {
  sheet(theme: Asked['content']['theme']): CSSStyleSheet
  drawTasks(panel: DrawnPanel, stage: ListStage): void
  drawCompletion(panel: DrawnPanel, stage: PanelStage, blocks: readonly Block[] | undefined, count: number): void
  drawDismissed(panel: DrawnPanel, stage: PanelStage, undo: () => void): void
}

type Rules = typeof import('./chunks/rules.ts')

/** How long a dismissal can be taken back while nobody is on it, in milliseconds. */
const GRACE = 10_000

/** Plays a checklist: tasks get done by their actions and by what they wait for, and stay done. */
export function playChecklist(asked: Asked, parts: ChecklistParts): Play {
  const { ports, content } = asked
  const { view, guard, ledger, now } = ports
  const page = view.document
  const list = content.content as ChecklistContent
  let candidate = asked.candidate
  let rules: Rules | undefined
  /** The unfolded task; undefined leaves it to the list: the first that is open. */
  let unfolded: string | null | undefined
  let timer = 0
  const uses: Uses = { used: new Set() }
  let watching: Promise<Dispose | void> | undefined

  const state = (): ExperienceState => stateOf(ports, candidate)
  const progress = () => progressOf(list, state())
  const left = () => list.tasks.length - progress().settled
  const isDone = (task: Task) => Object.hasOwn(state().done ?? {}, task.key)
  const dismissed = state().dismissed ?? 0
  /** Whether its completion was told; one that is started again is not completed twice. */
  let told = !!state().completed

  const panel = createPanel(asked, {
    launcher: list.launcher ?? { icon: 'check' },
    title: list.title,
    about: list.text ?? '',
    sheet: parts.sheet(content.theme),
    drawLauncher: parts.drawLauncher,
    drawPanel: parts.drawPanel,
    expands: (kept) => list.expand !== 'never' && !kept.seen,
    fill,
    badge: (stage) => [left(), stage.word('tasks_left', '# left', left())],
    look(said) {
      candidate = said
      look()
    },
    closing() {
      if (panel.kept().leaving) panel.finish('dismissed')
      else if (progress().complete) complete()
      else return false
      return true
    },
    stop,
    finish: (reason) => (progress().complete ? complete() : panel.finish(reason)),
  })

  function fill(drawn: DrawnPanel, stage: PanelStage) {
    const { tasks, settled, complete: all } = progress()
    if (panel.kept().leaving) return parts.drawDismissed(drawn, stage, undo)
    if (all) {
      timer ||= view.setTimeout(guard(tellCompletion), 1000)
      const ending = {
        ...stage,
        act: (...stack: Parameters<PanelStage['act']>) => {
          stage.act(...stack)
          complete()
        },
      }
      return parts.drawCompletion(drawn, ending, list.completion?.blocks, settled)
    }
    if (unfolded === undefined) unfolded = list.tasks[tasks.indexOf('open')]?.key ?? null
    parts.drawTasks(drawn, {
      ...stage,
      lines: list.tasks.map((task, at) => ({
        task,
        state: tasks[at] as TaskState,
        unfolded: task.key === unfolded,
      })),
      settled,
      dismissible: list.dismissible !== false,
      hovers: list.unfold === 'hover',
      does: (task) => does(task, task.action ? [task.action] : [], 'task'),
      press: (task, button) => does(task, button.actions ?? [], 'cta', button.key),
      fold(task, open) {
        unfolded = open ? task.key : null
        panel.redraw()
      },
      skip: (task) => settle(task, 'skipped', 'user'),
      dismiss,
    })
  }

  /** Whether a condition gets the task done; else its action does, or its primary button. */
  const waits = (task: Task) => Object.hasOwn(candidate.tasks ?? {}, task.key)

  function does(task: Task, actions: readonly Action[], by: 'task' | 'cta', button?: string) {
    const fired = panel.act(task.key, () => panel.scene.act(actions, by, button))
    const counts = by === 'task' || actions === task.primary?.actions
    if (fired && counts && !waits(task)) settle(task, 'done', by)
  }

  function settle(task: Task, as: 'done' | 'skipped', by: 'task' | 'cta' | 'condition' | 'user') {
    if (Object.hasOwn(state()[as] ?? {}, task.key)) return
    panel.keep({ [as]: { ...panel.kept()[as], [task.key]: now() } })
    if (as === 'done') panel.scene.tell('task_completed', { task: task.key, by })
    else panel.scene.tell('task_skipped', { task: task.key })
    if (unfolded === task.key) unfolded = undefined
    panel.redraw()
    // What closed for a launch is back when that ends.
    if (by === 'condition' && (progress().complete || list.expand_on_progress)) panel.show('auto', false)
  }

  /** Asks what open tasks wait for, of what the server said and of this page. */
  function look() {
    // Another tab put it away, or closed its completion.
    const { dismissed: last = 0, completed } = state()
    if (last > dismissed) return panel.finish('dismissed', true)
    if (completed && !told) return panel.finish('completed', true)
    for (const task of list.tasks) {
      const condition = candidate.tasks?.[task.key]
      if (condition && !isDone(task) && holds(condition)) settle(task, 'done', 'condition')
    }
    watchElements()
  }

  function holds(condition: Condition): boolean {
    // Most are settled by the server: an empty `all` holds, an empty `any` does not.
    if ('all' in condition && !condition.all.length) return true
    if ('any' in condition && !condition.any.length) return false
    if (!rules) {
      ports.load('rules').then(
        guard((chunk) => {
          rules = chunk as unknown as Rules
          look()
        }),
        () => undefined,
      )
      return false
    }
    const search = rules.searchIn(candidate.patterns ?? {})
    return rules.holdsOn(view, parse(view.location.href), deviceOf(view), condition, search, uses.isSo)
  }

  /** Listens for what is done to elements, as long as an open task waits for one. */
  function watchElements() {
    const open = list.tasks.filter((task) => !isDone(task)).map((task) => candidate.tasks?.[task.key])
    if (!/"element\\*":/.test(JSON.stringify(open))) return forget()
    watching ??= import('./triggers.ts').then(
      ({ elementsIn, watchUses }) => {
        const off = watchUses(view, guard, open.flatMap(elementsIn), uses, look)
        if (watching) guard(look)()
        return off
      },
      () => {
        watching = undefined
      },
    )
  }

  function forget() {
    void watching?.then((off) => off?.())
    watching = undefined
  }

  /** A completion that was there for a second counts, whether it is closed after that or not. */
  function tellCompletion() {
    timer = 0
    if (told || page.hidden || !panel.isOpen()) return
    told = true
    const at = now()
    ledger.note(candidate.key, { completed: at, first_seen: at, last_seen: at })
    panel.scene.tell('experience_completed')
  }

  function complete() {
    const before = told
    told = true
    panel.finish('completed', before)
  }

  /** Puts the list away; that can be taken back until the panel is closed, the page is left, or nobody looks at it. */
  function dismiss() {
    panel.keep({ leaving: true })
    panel.redraw()
    view.clearTimeout(timer)
    timer = view.setTimeout(guard(goes), GRACE)
  }

  function goes() {
    if (panel.isInUse()) timer = view.setTimeout(guard(goes), GRACE)
    else panel.finish('dismissed')
  }

  function undo() {
    view.clearTimeout(timer)
    timer = 0
    panel.keep({ leaving: false })
    panel.redraw()
  }

  function stop() {
    view.clearTimeout(timer)
    forget()
  }

  if (panel.kept().leaving) panel.finish('dismissed')
  else {
    if (list.expand === 'always' || (progress().complete && !told)) panel.keep({ open: true })
    panel.heard()
  }
  return panel
}

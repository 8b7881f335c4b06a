import type { Run } from '@handrail/engine'
import type { StepStage } from '@handrail/renderers'
import type { Found } from '@handrail/targets'
import type {
  Action,
  Candidate,
  Content,
  ExperienceState,
  ProgressCondition,
  ProgressTrigger,
  Step,
  Target,
} from '@handrail/wire'
import { describe, expect, test } from 'vitest'
import * as addresses from '../src/chunks/addresses.ts'
import type { Asked, Launch, Play } from '../src/play.ts'
import type { Ports } from '../src/runtime.ts'
import { createSequence } from '../src/sequence.ts'
import { tourTools } from '../src/tours.ts'
import { armWith } from '../src/triggers.ts'

type Report = (found: Found) => void
const ARM = await armWith([])
const BUTTON = { composedPath: () => [] } as unknown as Element

/** A page without a page: what the player does is written down, time passes when told to. */
class Host {
  log: string[] = []
  told: { event: string; action?: string; reason?: string }[] = []
  stages: StepStage<Step>[] = []
  reports: Report[] = []
  kept = new Map<string, { run: Run }>()
  noted: ExperienceState = {}
  /** What a watch finds as soon as it begins. */
  atOnce: Parameters<Report>[0] = { missing: 'none' }
  onPage = false
  launches = new Map<string, Launch>()
  private now = 1_000_000
  private timers = new Map<number, { at: number; run: () => void }>()

  play(steps: Step[], from?: Run): Play {
    const view = {
      document: { addEventListener: () => undefined, removeEventListener: () => undefined },
      setTimeout: (run: () => void, ms: number) => {
        const id = this.timers.size + 1
        this.timers.set(id, { at: this.now + ms, run })
        return id
      },
      clearTimeout: (id: number) => {
        const timer = this.timers.get(id)
        if (timer) timer.at = Number.POSITIVE_INFINITY
      },
    }
    const ports = {
      view,
      newId: () => 'r1',
      who: () => 'ann',
      now: () => this.now,
      onPage: () => this.onPage,
      guard: <A extends unknown[]>(callback: (...args: A) => void) => callback,
      ledger: {
        of: () => this.noted,
        note: (_: string, said: ExperienceState) => Object.assign(this.noted, said),
        noteShown: () => undefined,
      },
      journal: {
        set: (name: string, value: { run: Run }) => {
          this.log.push('journal')
          this.kept.set(name, structuredClone(value))
        },
        remove: (name: string) => this.kept.delete(name),
        get: () => undefined,
      },
      host: {},
      reply: () => undefined,
      values: () => undefined,
      locale: () => 'en',
      tell: (event: string, properties: object) => {
        this.told.push({ event, ...properties })
        return `m${this.told.length}`
      },
      flush: () => undefined,
      emit: () => undefined,
    }
    const asked: Asked = {
      ports: ports as unknown as Ports,
      candidate: { id: 'e1', key: 'welcome', kind: 'tour', version: 'v1' } as Candidate,
      content: { content: { steps }, defaultLocale: 'en', theme: { key: 'plain' } } as unknown as Content,
      addresses: { ...addresses, arm: () => undefined, fire: () => undefined },
      entry: 'page_opening',
      from,
      launch: (key) => this.launches.get(key),
      ended: (reason) => this.log.push(`ended ${reason}`),
    }
    const parts = {
      arm: ARM,
      draw: (stage: StepStage<Step>) => {
        this.log.push(`draw ${stage.content.key}`)
        this.stages.push(stage)
        return { move: () => this.log.push('move'), close: () => this.log.push('close') }
      },
      watch: (_: Document, target: Target, __: unknown, report: Report) => {
        this.reports.push(report)
        report(this.atOnce)
        return () => this.log.push(`unwatch ${target.css}`)
      },
    }
    return createSequence(tourTools(asked.content, parts), asked)
  }

  pass(ms: number): void {
    this.now += ms
    for (const timer of [...this.timers.values()].filter(({ at }) => at <= this.now)) {
      timer.at = Number.POSITIVE_INFINITY
      timer.run()
    }
  }

  /** Reports to the watch begun last. */
  report(found: Parameters<Report>[0]): void {
    this.reports.at(-1)?.(found)
  }

  act(...actions: Action[]): void {
    this.stages.at(-1)?.act(actions, 'cta')
  }

  get run(): Run | undefined {
    return this.kept.get('run:welcome')?.run
  }
}

const modal = (key: string): Step => ({ key, form: 'modal' })
const tooltip = (key: string, more: Partial<Step> = {}): Step => ({ key, target: { css: `#${key}` }, ...more })
/** A trigger that goes to the next step. */
const onward = (condition: ProgressCondition): ProgressTrigger => ({
  when: [condition],
  // biome-ignore lint/suspicious/noThenProperty: the document's own word for what a trigger does
  then: [{ type: 'go_to_step' }],
})
const onSaved = [onward({ on: 'event', event: 'Saved' })]
const fired = (host: Host) => host.told.filter(({ event }) => event === 'action_fired').map(({ action }) => action)

describe('a run on the page', () => {
  test('is written down before it is drawn, at every step', () => {
    const host = new Host()
    host.play([modal('a'), modal('b')])
    host.act({ type: 'go_to_step' })
    expect(host.log).toEqual(['journal', 'draw a', 'journal', 'close', 'draw b'])
  })

  test('is recorded before its place is free for another', () => {
    const host = new Host()
    host.play([modal('a')])
    host.act({ type: 'dismiss' })
    expect(host.log).toEqual(['journal', 'draw a', 'close', 'ended dismissed'])
    expect(host.run).toBeUndefined()
    expect(host.noted.dismissed).toBeGreaterThan(0)
    expect(host.told.map(({ event }) => event)).toEqual(['action_fired', 'experience_dismissed'])
  })

  test('listens once, however often its target is made anew', () => {
    const host = new Host()
    const play = host.play([tooltip('a', { triggers: onSaved }), modal('b'), modal('c')])
    for (let times = 0; times < 3; times++) {
      host.report({ element: BUTTON })
      host.report({ missing: 'none' })
      host.pass(600)
    }
    host.report({ element: BUTTON })
    play.heard('Saved')
    expect(fired(host)).toEqual(['go_to_step'])
    expect(host.run?.step).toBe(1)
  })

  test('lets go of a watch whose first finding led on at once', () => {
    const host = new Host()
    host.atOnce = { element: BUTTON }
    host.onPage = true
    const rule = { part: 'path' as const, operator: 'equals' as const, value: '/' }
    host.play([tooltip('a', { triggers: [onward({ on: 'url', rule })] }), modal('b')])
    expect(host.run?.step).toBe(1)
    expect(host.log).toContain('unwatch #a')
  })

  test('arms nothing more on a step that its first trigger left at once', () => {
    const host = new Host()
    host.onPage = true
    const rule = { part: 'path' as const, operator: 'equals' as const, value: '/' }
    const triggers = [onward({ on: 'url', rule }), ...onSaved]
    host
      .play([
        { ...modal('a'), triggers },
        { ...modal('b'), triggers: [onward({ on: 'event', event: 'Left' })] },
        modal('c'),
      ])
      .heard('Saved')
    expect(host.run?.step).toBe(1)
    expect(fired(host)).toEqual(['go_to_step'])
  })

  test('looks for its target again after a reload, and counts as seen already', () => {
    const host = new Host()
    const from: Run = {
      id: 'r0',
      version: 'v1',
      status: 'showing',
      step: 0,
      visited: [],
      shown: true,
      fired: [],
      moves: [],
    }
    host.play([tooltip('a')], from)
    expect(host.log).not.toContain('draw a')
    host.report({ element: BUTTON })
    expect(host.log.at(-1)).toBe('draw a')
    host.stages.at(-1)?.seen()
    expect(host.told.map(({ event }) => event)).toEqual(['step_seen'])
  })

  test('does not fire a trigger again that had fired before the reload', () => {
    const host = new Host()
    const from: Run = {
      id: 'r0',
      version: 'v1',
      status: 'showing',
      step: 0,
      visited: [],
      shown: true,
      fired: [0],
      moves: [],
    }
    host.play([{ ...modal('a'), triggers: onSaved }, modal('b')], from).heard('Saved')
    expect(host.run?.step).toBe(0)
    expect(fired(host)).toEqual([])
  })

  test('floats a step whose target never comes, and says so', () => {
    const host = new Host()
    host.play([tooltip('a', { missing: { wait_seconds: 2 } })])
    host.pass(0)
    host.pass(2_000)
    expect(host.told.map(({ event }) => event)).toEqual(['target_missing'])
    expect(host.log.at(-1)).toBe('draw a')
  })

  test('stays when what it launches is refused, and goes to the step beside the launch', () => {
    const host = new Host()
    host.play([modal('a'), modal('b')])
    host.act({ type: 'launch_experience', experience: 'tips' }, { type: 'go_to_step' })
    expect(host.log.at(-1)).toBe('draw b')
  })

  test('ends as dismissed when what it launches may start, and does not draw the step beside it', () => {
    const host = new Host()
    host.launches.set('tips', async () => {
      host.log.push('launched')
      return { started: true }
    })
    host.play([modal('a'), modal('b')])
    host.act({ type: 'launch_experience', experience: 'tips' }, { type: 'go_to_step' })
    expect(host.log.slice(2)).toEqual(['close', 'ended dismissed', 'launched'])
    expect(fired(host)).toEqual(['go_to_step', 'launch_experience'])
  })

  test('is dismissed by a snooze that is used up', () => {
    const host = new Host()
    host.noted = { snoozes: [[1, 'm', 2]] }
    host.play([modal('a')])
    host.act({ type: 'snooze', hours: 1, up_to: 1 })
    expect(host.log.at(-1)).toBe('ended dismissed')
    expect(host.noted.snoozes).toHaveLength(1)
  })

  test('comes back after the hours of its snooze', () => {
    const host = new Host()
    host.play([modal('a')])
    host.act({ type: 'snooze', hours: 2 })
    expect(host.log.at(-1)).toBe('ended snoozed')
    expect(host.noted.snoozes).toEqual([[1_000_000, expect.any(String), 1_000_000 + 2 * 3_600_000]])
    expect(host.noted.dismissed).toBeUndefined()
  })

  test('is completed by next on its last step', () => {
    const host = new Host()
    host.play([modal('a')])
    host.act({ type: 'go_to_step', step: 'next' })
    expect(host.log.at(-1)).toBe('ended completed')
    expect(host.noted.completed).toBeGreaterThan(0)
  })

  test('fails by name when its document leads nowhere', () => {
    const host = new Host()
    host.play([modal('a'), modal('b')])
    host.act({ type: 'go_to_step', step: 'gone' })
    expect(host.log.at(-1)).toBe('ended failed')
    expect(host.told.at(-1)).toMatchObject({ event: 'experience_ended', reason: 'failed' })
  })
})

import { type EndReason, readStack, renderText, snoozesUsed, wordsFor } from '@handrail/engine'
import type { By, Stage } from '@handrail/renderers'
import type { Action, Content, ExperienceState, Text } from '@handrail/wire'
import { jsonOf } from './json.ts'
import type { Asked, Launch } from './play.ts'
import type { Said } from './runtime.ts'

/** What the actions of a stack do to the play they stand in. */
export interface Hands {
  /** The key of the step, mark, task or card that acts, for events. */
  step(): string
  isLast(): boolean
  goTo(to: 'next' | 'previous' | number | string): void
  finish(reason: EndReason): void
  /** Kinds that stay when they launch another: their panel closes, their run goes on (RULES 28). */
  close?(): void
}

/** What the play of every kind stands on: its name in events, its words, its actions. */
export interface Scene {
  about: Record<string, unknown>
  words(text: Text): string
  state(): ExperienceState
  stage(): Stage
  tell(event: string, properties?: Record<string, unknown>, said?: Said): string
  /** One stack of actions: fired together in nominal order, none awaited, one outcome (RULES 27). */
  act(actions: readonly Action[], by: By, button?: string): void
  /** Notes once that the user saw the experience. */
  seen(counts: boolean): void
  /** Notes how it ended. */
  ended(reason: EndReason, counts: boolean): void
}

/** Sets the scene of one run. Three faults in what is drawn close the experience. */
export function createScene(asked: Asked, run: { id: string }, hands: Hands): Scene {
  const { ports, candidate, content, addresses } = asked
  const { view, guard, ledger, now } = ports
  let faults = 0
  let seenOnce = !!asked.from
  let over = false
  const about = {
    experience: candidate.key,
    experience_id: candidate.id,
    version: candidate.version,
    kind: candidate.kind,
    run: run.id,
  }
  const tell: Scene['tell'] = (event, properties, said) => ports.tell(event, { ...about, ...properties }, said)
  const words = (text: Text) => renderText(wordsFor(text, ports.locale(), content.defaultLocale), ports.values)
  const state = () => ledger.of(candidate.key, candidate.state)
  const fault = () => {
    if (++faults >= 3) hands.finish('failed')
  }

  addresses?.arm(ports, content)

  const act: Scene['act'] = (actions, by, button) => {
    if (over) return
    let launch: Launch | undefined
    let navigation: (() => void) | undefined
    // The source stays when its target is refused (RULES 28), unless something else closes it.
    const taken = actions.filter(
      (each) => each.type !== 'launch_experience' || (launch = asked.launch(each.experience)),
    )
    const [stack, outcome] = readStack(taken, {
      snoozesUsed: snoozesUsed(state()),
      isLast: hands.isLast(),
      stays: !!hands.close,
    })
    for (const { does, action } of stack) {
      guard(() => {
        tell('action_fired', {
          step: hands.step(),
          action: action.type,
          by,
          button,
          code: (action as { code?: string }).code,
        })
        if (does === 'go_to_step') hands.goTo((action as { step?: string }).step ?? 'next')
        else if (does === 'snooze' && outcome === 'snoozed') {
          const at = now()
          const until = at + ((action as { hours?: number }).hours ?? 24) * 3_600_000
          const id = tell('experience_snoozed', { until, by })
          ledger.note(candidate.key, { snoozes: [[at, id, until]] })
        } else if (action.type === 'navigate_to') navigation = addresses?.plan(ports, scene, hands.step(), action)
        else addresses?.fire(ports, scene, hands.step(), action)
      })()
    }
    if (outcome) hands.finish(outcome)
    else if (launch) hands.close?.()
    void launch?.()
    ports.flush()
    navigation?.()
  }

  const scene: Scene = {
    about,
    words,
    state,
    tell,
    act,
    stage: () => ({
      document: view.document,
      theme: content.theme,
      locale: languageOf(content, ports.locale()),
      text: words,
      href: (template) => addresses?.hrefOf(template, ports.values) ?? null,
      media: addresses?.drawMedia,
      word(name, english, ...numbers) {
        const said = ports.reply()?.words?.[name] ?? english
        return said.replace(/#/g, (mark) => `${numbers.shift() ?? mark}`)
      },
      act,
      guard: (callback) => guard(callback, fault),
    }),
    seen(counts) {
      if (seenOnce) return
      seenOnce = true
      const at = now()
      ledger.note(candidate.key, { first_seen: at, last_seen: at })
      if (counts) ledger.noteShown(at)
      tell('experience_seen', { entry: asked.entry })
    },
    ended(reason, counts) {
      over = true
      const at = now()
      if (reason === 'dismissed' || reason === 'completed') {
        ledger.note(candidate.key, { [reason]: at, first_seen: at, last_seen: at })
        if (counts && !seenOnce) ledger.noteShown(at)
        // A run that is completed twice, as by a thank-you step that is seen and then closed, has been completed once.
        tell(`experience_${reason}`, {}, { messageId: `${run.id}.${reason}` })
      } else if (reason !== 'snoozed') tell('experience_ended', { reason })
    },
  }
  return scene
}

/** The language that a reader finds these texts in: theirs, or the document's where they are translated into others only. */
function languageOf({ content, defaultLocale }: Content, locale: string): string {
  const written = jsonOf(content)
  const isWritten = (language: string | undefined) => written.includes(`"${language}":"`)
  return [locale, locale.split('-')[0], defaultLocale].find(isWritten) ?? locale
}

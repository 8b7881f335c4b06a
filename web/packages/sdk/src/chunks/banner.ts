import { draw } from '@handrail/renderers/banner'
import type { BannerContent } from '@handrail/wire'
import type { Asked, Play } from '../play.ts'
import { createSequence } from '../sequence.ts'

/** Plays banners: one step, which interrupts nobody. */
export function play(asked: Asked): Play {
  const { view, guard, start } = asked.ports
  const sequence = createSequence<BannerContent>(
    {
      steps: [asked.content.content as BannerContent],
      plans: [{ needsTarget: false, missing: 'float' }],
      showProgress: false,
      counts: false,
      draw,
    },
    asked,
  )
  return {
    ...sequence,
    told({ key, version }) {
      // Another version was published: nobody goes on reading the words that were taken back.
      if (version === asked.candidate.version) return
      sequence.end('paused')
      // The claim of the one that went is given back by then.
      view.setTimeout(
        guard(() => void start(key, 'resume')),
        0,
      )
    },
  }
}

import { draw } from '@handrail/renderers/banner'
import type { BannerContent } from '@handrail/wire'
import type { Asked } from '../play.ts'
import { createSequence } from '../sequence.ts'

/** Plays banners: one step, which interrupts nobody. */
export const play = (asked: Asked) =>
  createSequence<BannerContent>(
    {
      steps: [asked.content.content as BannerContent],
      plans: [{ needsTarget: false, missing: 'float' }],
      showProgress: false,
      counts: false,
      draw,
    },
    asked,
  )

import type { Target } from '@handrail/wire'
import { type Found, findTarget, type Words } from './find.ts'
import type { Finder } from './watch.ts'

/** Where the finder is, from the chunk that asks for it. */
declare const FINDER: string

/**
 * Looks for a target at the very instant it is asked: inside a click there is no time to wait for a watch. A target with a
 * fingerprint is found by it as soon as the finder has come.
 */
export function spotTarget(root: Document, target: Target, words: Words): () => Found {
  let finder: Finder | undefined
  if (target.fingerprint)
    import(FINDER).then(
      ({ makeFinder }: typeof import('./fingerprint/finder.ts')) => {
        finder = makeFinder()
      },
      () => undefined,
    )
  return () => {
    const found = findTarget(root, target, words)
    return 'missing' in found && finder ? finder(root, target, words) : found
  }
}

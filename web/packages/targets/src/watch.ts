import type { Target } from '@handrail/wire'
import { type Dispose, type Found, findTarget, type Words } from './find.ts'

/** Finds a target by its fingerprint. One belongs to one watch: it looks first at what it found last. */
export type Finder = (root: Document, target: Target, words: Words) => Found

/** Where the finder is, from the chunk that asks for it. */
declare const FINDER: string
const ignore = () => {}

/**
 * Reports the target, now and whenever it changes; returns the off switch. One observer over the page and the frames and
 * shadow roots on the way, one coalesced frame, no poll. Looking takes at most about a tenth of the time, however long
 * one look takes.
 *
 * The finder of fingerprints is loaded when a target has one and its other signals did not decide. Until it has come, or
 * could not, the target is not said to be missing: it may well be there.
 */
export function watchTarget(root: Document, target: Target, words: Words, report: (found: Found) => void): Dispose {
  const end = new AbortController()
  let last: unknown
  let host: Node | undefined
  let finder: Finder | undefined
  let inVain = false
  let timer = 0
  let rest = 0

  const look = () => {
    timer = 0
    if (end.signal.aborted) return
    const begun = performance.now()
    let found: Found & { missing?: string } = findTarget(root, target, words, follow)
    let awaited = false
    if (found.missing && target.fingerprint) {
      if (finder) found = finder(root, target, words)
      else {
        awaited = !inVain
        import(FINDER).then(
          ({ makeFinder }: typeof import('./fingerprint/finder.ts')) => {
            finder = makeFinder()
            soon()
          },
          () => {
            if (!inVain) soon()
            inVain = true
          },
        )
      }
    }
    rest = (performance.now() - begun) * 10
    if (!awaited && last !== (last = 'element' in found ? found.element : found.missing)) report(found)
  }
  // Frames stop in tabs that nobody sees, and so do we.
  const soon = () => {
    timer ||= window.setTimeout(() => requestAnimationFrame(look), rest)
  }
  // What is observed already stays so: frames and shadow roots come to be on the way at any time.
  const follow = (node: Node) => {
    observer.observe(node, { subtree: true, childList: true, attributes: true, characterData: true })
    for (const event of ['load', 'toggle', 'transitionend'])
      node.addEventListener(event, soon, { capture: true, signal: end.signal })
    // An element may get its shadow root when it is defined, and no mutation tells of it.
    const name = (node as Element).localName
    if (name && host !== (host = node)) customElements.whenDefined(name).then(soon, ignore)
  }
  const observer = new MutationObserver(soon)
  look()
  return () => {
    end.abort()
    observer.disconnect()
    clearTimeout(timer)
  }
}

import type { Dispose } from '../guard.ts'

/** Hears of addresses where there is no Navigation API: the history's two methods are wrapped, and its events heard, until the off switch. */
export function watchHistory(view: Window, look: () => void): Dispose {
  const { history } = view
  const undo = (['pushState', 'replaceState'] as const).map((name) => {
    const original = history[name]
    const ours: typeof original = function (this: History, ...args) {
      original.apply(this, args)
      look()
    }
    history[name] = ours
    return () => {
      // Somebody may have wrapped us in the meantime; taking theirs away would break it.
      if (history[name] === ours) history[name] = original
    }
  })
  for (const type of ['popstate', 'hashchange']) {
    view.addEventListener(type, look)
    undo.push(() => view.removeEventListener(type, look))
  }
  return () => {
    for (const off of undo) off()
  }
}

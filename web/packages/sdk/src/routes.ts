import type { Dispose, Guard } from './guard.ts'

/** Reports when the page's address changed. Patches nothing where the Navigation API exists. */
export function watchRoute(view: Window, guard: Guard, report: () => void): Dispose {
  let last = view.location.href
  const look = guard(() => {
    const { href } = view.location
    if (href === last) return
    last = href
    report()
  })
  const navigation = (view as { navigation?: EventTarget }).navigation
  if (navigation) {
    navigation.addEventListener('currententrychange', look)
    return () => navigation.removeEventListener('currententrychange', look)
  }
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
  view.addEventListener('popstate', look)
  view.addEventListener('hashchange', look)
  return () => {
    for (const off of undo) off()
    view.removeEventListener('popstate', look)
    view.removeEventListener('hashchange', look)
  }
}

import type { watchHistory } from './chunks/history.ts'
import type { Dispose, Guard } from './guard.ts'

/** Reports when the page's address changed. Patches nothing where the Navigation API exists; else `load` brings what does. */
export function watchRoute(
  view: Window,
  guard: Guard,
  report: () => void,
  load: () => Promise<{ watchHistory: typeof watchHistory }>,
): Dispose {
  let last = view.location.href
  const look = guard(() => {
    const { href } = view.location
    if (href === last) return
    last = href
    report()
  })
  const { navigation } = view as { navigation?: EventTarget }
  let stopped = false
  let off: Dispose | undefined
  if (navigation) {
    navigation.addEventListener('currententrychange', look)
    off = () => navigation.removeEventListener('currententrychange', look)
  } else
    load().then(
      (chunk) => {
        if (!stopped) off = chunk.watchHistory(view, look)
      },
      () => undefined,
    )
  return () => {
    stopped = true
    off?.()
  }
}

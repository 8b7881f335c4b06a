import type { Dispose } from './stage.ts'

type Guard = <A extends unknown[]>(callback: (...args: A) => void) => (...args: A) => void

/** Our own tools on a page, over everything that experiences put into the top layer, also what they put there later. */
export function putOver(page: Document, guard: Guard, css: string, element: HTMLElement): Dispose {
  const host = page.createElement('handrail-root')
  const root = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(`:host{all:initial!important;display:contents!important}${css}`)
  root.adoptedStyleSheets = [sheet]
  // In English, whichever way the page reads.
  element.lang = 'en'
  element.dir = 'ltr'
  element.popover = 'manual'
  root.append(element)
  page.documentElement.append(host)
  element.showPopover()
  let raising = false
  // Events of what stands in a shadow root do not get out; a new root is what can be seen from here.
  const observer = new MutationObserver(
    guard(() => {
      if (raising || !host.isConnected) return
      raising = true
      element.hidePopover()
      element.showPopover()
      raising = false
    }),
  )
  observer.observe(page.body, { childList: true })
  return () => {
    observer.disconnect()
    host.remove()
  }
}

// What every page of the hostile host runs: it counts what goes wrong, starts experiences itself, and tests itself.
window.violations = []
window.faults = []
addEventListener('securitypolicyviolation', (event) => violations.push(`${event.effectiveDirective} ${event.blockedURI}`))
addEventListener('error', (event) => faults.push(String(event.message)))
addEventListener('unhandledrejection', (event) => faults.push(String(event.reason)))
window.answers = {}
window.heard = []
window.jimo = window.jimo || []
jimo.push(['on', 'ready', [() => { window.ready = true }]])
jimo.push(['do', 'identify', [window.guest]])
// Asked for by a message, so that the page's own code starts it: what a driver evaluates is not under the policy.
addEventListener('message', (event) => {
  if (event.data && event.data.start)
    handrail.start(event.data.start).then((answer) => { answers[event.data.start] = answer.started || answer.because })
  if (event.data && event.data.selftest) selftest().then((told) => { window.transcript = told })
})

async function selftest() {
  const told = []
  const say = (name, value) => told.push(`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const attempt = async (name, run) => {
    try {
      say(name, await run())
    } catch (problem) {
      say(name, `threw ${problem && problem.name}`)
    }
  }
  await attempt('fetch', async () => (await fetch('/echo', { method: 'POST', body: 'a=1' })).json())
  await attempt('fetch again', async () => (await (await fetch('/echo?b=2')).clone().json()).path)
  await attempt('abort', async () => {
    const abort = new AbortController()
    const asked = fetch('/echo', { signal: abort.signal }).catch((problem) => problem.name)
    abort.abort()
    return asked
  })
  await attempt('XMLHttpRequest', () => new Promise((done) => {
    const asked = new XMLHttpRequest()
    asked.open('PUT', '/echo')
    asked.onload = () => done(JSON.parse(asked.responseText).method)
    asked.send('x')
  }))
  await attempt('FormData', async () => {
    const form = new FormData(document.forms[0])
    form.append('file', new Blob(['abc']), 'a.txt')
    return [...form.keys()].join() + (await (await fetch('/echo', { method: 'POST', body: form })).json()).bytes
  })
  await attempt('streams', async () => {
    const letters = new ReadableStream({ start(to) { for (const each of 'abc') to.enqueue(each); to.close() } })
    const [one, other] = letters.tee()
    let read = ''
    for (const stream of [one, other]) {
      const reader = stream.getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) read += part.value
    }
    return read
  })
  await attempt('history', async () => {
    const before = history.length
    history.pushState({ n: 1 }, '', '?pushed=1')
    history.replaceState({ n: 2 }, '', '?replaced=1#here')
    const state = history.state.n
    const popped = new Promise((done) => addEventListener('popstate', () => done(location.search), { once: true }))
    history.back()
    return [state, history.length - before, await popped]
  })
  await attempt('localStorage', () => {
    localStorage.setItem('own', 'x')
    const kept = localStorage.getItem('own')
    localStorage.removeItem('own')
    return kept + localStorage.getItem('own')
  })
  await attempt('sessionStorage', () => {
    sessionStorage.setItem('own', 'y')
    return sessionStorage.getItem('own')
  })
  await attempt('cookies', () => document.cookie)
  await attempt('focus', () => {
    const order = []
    const hear = (event) => order.push(`${event.type} ${event.target.id}`)
    for (const type of ['focus', 'blur', 'focusin', 'focusout']) document.addEventListener(type, hear, true)
    name_.focus()
    target.focus()
    target.blur()
    for (const type of ['focus', 'blur', 'focusin', 'focusout']) document.removeEventListener(type, hear, true)
    return order
  })
  await attempt('events', () => {
    const order = []
    const outer = (event) => order.push(`${event.eventPhase} ${event.defaultPrevented}`)
    document.addEventListener('click', outer)
    document.addEventListener('click', outer, true)
    target.click()
    name_.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }))
    document.removeEventListener('click', outer)
    document.removeEventListener('click', outer, true)
    return order
  })
  await attempt('custom event', () => {
    let detail
    addEventListener('own', (event) => { detail = event.detail }, { once: true })
    dispatchEvent(new CustomEvent('own', { detail: { a: [1] } }))
    return detail
  })
  await attempt('timers', () => new Promise((done) => {
    const order = []
    setTimeout(() => { order.push('timeout'); done(order) }, 0)
    queueMicrotask(() => order.push('microtask'))
    Promise.resolve().then(() => order.push('promise'))
  }))
  await attempt('observer', () => new Promise((done) => {
    const made = document.createElement('p')
    new MutationObserver((records, self) => { self.disconnect(); made.remove(); done(records.length) })
      .observe(document.querySelector('main'), { childList: true })
    document.querySelector('main').append(made)
  }))
  await attempt('json', () => JSON.stringify({ a: [1, { b: null }] }))
  await attempt('arrays', () => [3, 1, 2].map((each) => each * 2).filter((each) => each > 2).concat([9]))
  await attempt('own keys', () => { const seen = []; for (const key in { a: 1 }) seen.push(key); return seen })
  await attempt('style of the page', () => document.documentElement.getAttribute('style') + document.body.className)
  await attempt('title', () => document.title)
  return told
}

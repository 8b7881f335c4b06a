// The demo's persona switcher: ours, and like any host page it talks to Handrail only through window.jimo.push.
;(() => {
  const personas = [
    { id: 'ada', name: 'Ada', plan: 'pro', role: 'admin', language: 'en', note: 'Pro, administrator, English' },
    { id: 'basile', name: 'Basile', plan: 'free', role: 'member', language: 'fr', note: 'Free, member, French' },
    { id: 'chidi', name: 'Chidi', plan: 'team', role: 'editor', language: 'en', note: 'Team, editor, English' },
  ]
  const kept = (() => { try { return localStorage.getItem('demo-persona') } catch { return null } })()
  const become = (persona) => {
    window.jimo.push(['do', 'identify', [persona.id, () => {
      window.jimo.push(['set', 'user:name', [persona.name]])
      window.jimo.push(['set', 'core:language', [persona.language]])
      window.jimo.push(['set', 'user:attributes', [{ plan: persona.plan, role: persona.role }, true]])
    }]])
  }
  const host = document.createElement('div')
  host.style.cssText = 'position:fixed;left:16px;bottom:16px;z-index:2147483000'
  const root = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(`
    :host { all: initial }
    .card { font: 13px/1.4 system-ui, sans-serif; background: #111827; color: #f9fafb; border-radius: 12px; padding: 8px; box-shadow: 0 8px 30px rgb(0 0 0 / .3); display: flex; gap: 8px; align-items: center }
    select, button { font: inherit; color: inherit; background: #1f2937; border: 1px solid #475569; border-radius: 8px; padding: 6px 8px; min-height: 32px; cursor: pointer }
    select:focus-visible, button:focus-visible { outline: 2px solid #5eead4; outline-offset: 2px }
  `)
  root.adoptedStyleSheets = [sheet]
  const card = document.createElement('div')
  card.className = 'card'
  const select = document.createElement('select')
  select.setAttribute('aria-label', 'Signed in as')
  const nobody = new Option('Nobody signed in', '')
  select.append(nobody, ...personas.map((each) => new Option(`${each.name} (${each.note})`, each.id)))
  select.value = kept ?? ''
  select.onchange = () => {
    try { localStorage.setItem('demo-persona', select.value) } catch { /* private mode: the choice lasts for this page */ }
    const persona = personas.find((each) => each.id === select.value)
    if (persona) become(persona)
    else window.jimo.push(['do', 'reset'])
  }
  card.append(select)
  root.append(card)
  document.body.append(host)
  const persona = personas.find((each) => each.id === kept)
  if (persona) become(persona)
})()

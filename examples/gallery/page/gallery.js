// The gallery's own script. Like any host page it talks to Handrail only through its public surface.
;(() => {
  const kinds = {
    tour: 'Tours',
    banner: 'Banners',
    survey: 'Surveys',
    hint: 'Hints',
    checklist: 'Checklists',
    resource: 'Resource centers',
    post: 'Posts',
  }
  const at = (id) => document.getElementById(id)
  const said = at('said')
  const list = at('list')
  const wanted = new URL(location.href).searchParams
  const variant = () => at('theme').value
  const show = async (key) => {
    const result = await window.handrail.start(key + variant())
    said.textContent = result.started ? `${key} is shown.` : `${key} is not shown: ${result.because}.`
  }
  /** Each theme has an address: an experience is shown where the address names its theme. */
  const address = () => {
    const here = new URL(location.href)
    for (const name of ['language', 'theme']) here.searchParams.set(name, at(name).value)
    return here
  }
  const draw = ({ candidates }) => {
    const keys = [...new Set(candidates.map((key) => key.replace(/-(dark|brand)$/, '')))].sort()
    list.replaceChildren()
    for (const [prefix, title] of Object.entries(kinds)) {
      const mine = keys.filter((key) => key.startsWith(`${prefix}-`))
      if (!mine.length) continue
      const heading = document.createElement('h3')
      heading.textContent = title
      const lines = document.createElement('ul')
      for (const key of mine) {
        const button = document.createElement('button')
        button.type = 'button'
        button.textContent = key.slice(key.indexOf('-') + 1).replaceAll('-', ' ')
        button.dataset.key = key
        button.addEventListener('click', () => show(key))
        const line = document.createElement('li')
        line.append(button)
        lines.append(line)
      }
      list.append(heading, lines)
    }
  }
  const read = (language) => {
    document.documentElement.lang = language
    document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr'
    window.jimo.push(['set', 'core:language', [language, true]])
  }
  for (const name of ['language', 'theme']) if (wanted.get(name)) at(name).value = wanted.get(name)
  window.jimo.push(['on', 'ready', [draw]])
  window.jimo.push(['do', 'identify', [wanted.get('visitor') ?? 'gallery-visitor', () => window.jimo.push(['set', 'user:name', ['Ada']])]])
  if (wanted.get('language')) read(at('language').value)
  window.jimo.push(['do', 'badge:find'])
  at('language').addEventListener('change', (event) => {
    history.replaceState(null, '', address())
    read(event.target.value)
  })
  at('theme').addEventListener('change', () => history.replaceState(null, '', address()))
  at('close').addEventListener('click', () => {
    // As a page does that replaces itself: everything of ours goes, and comes again with the next load.
    window.location.reload()
  })
})()

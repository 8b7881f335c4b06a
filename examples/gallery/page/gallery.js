// The gallery's own script. Like any host page it talks to Handrail only through its public surface.
;(() => {
  const kinds = { tour: 'Tours', banner: 'Banners', survey: 'Surveys', hint: 'Hints', checklist: 'Checklists', resource: 'Resource centers', post: 'Posts' }
  const at = (id) => document.getElementById(id)
  const said = at('said')
  const list = at('list')
  const variant = () => at('theme').value
  const show = async (key) => {
    const result = await window.handrail.start(key + variant())
    said.textContent = result.started ? `${key} is shown.` : `${key} is not shown: ${result.because}.`
  }
  const draw = ({ candidates }) => {
    const keys = candidates.filter((key) => !/-(dark|brand)$/.test(key)).sort()
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
  window.jimo.push(['on', 'ready', [draw]])
  window.jimo.push(['do', 'identify', ['gallery-visitor', () => window.jimo.push(['set', 'user:name', ['Ada']])]])
  at('language').addEventListener('change', (event) => {
    const language = event.target.value
    document.documentElement.lang = language
    document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr'
    window.jimo.push(['set', 'core:language', [language, true]])
  })
  at('close').addEventListener('click', () => {
    // As a page does that replaces itself: everything of ours goes, and comes again with the next load.
    window.location.reload()
  })
})()

// A small application as many are: it draws each route itself, asks for its data, and holds only the rows that are seen.
const main = document.querySelector('main')
const dialog = document.querySelector('dialog')
const ROW = 32
const COUNT = 2000

const make = (name, members, ...children) => {
  const element = Object.assign(document.createElement(name), members)
  element.append(...children)
  return element
}

const rowOf = (number) => {
  const row = make('div', { textContent: `Order ${number}` })
  row.dataset.row = number
  row.style.top = `${number * ROW}px`
  return row
}

/** Draws the rows in view, made anew each time. */
function showRows(list) {
  const first = Math.floor(list.scrollTop / ROW)
  const height = make('div', {})
  height.style.cssText = `top:0;height:${COUNT * ROW}px;width:1px`
  const rows = Array.from({ length: 12 }, (_, at) => rowOf(Math.min(first + at, COUNT - 1)))
  list.replaceChildren(height, ...rows)
}

async function orders() {
  const heading = make('h1', { textContent: 'Orders' })
  main.replaceChildren(heading)
  const { region } = await (await fetch('/region.json')).json()
  if (!heading.isConnected) return
  const list = make('div', { id: 'rows', tabIndex: 0, ariaLabel: 'All orders' })
  list.setAttribute('role', 'list')
  list.addEventListener('scroll', () => showRows(list))
  const add = make('button', { id: 'new', textContent: 'New order' })
  add.addEventListener('click', () => dialog.showModal())
  heading.after(make('p', { id: 'region', textContent: region }), add, list)
  showRows(list)
}

const overview = () => main.replaceChildren(make('h1', { textContent: 'Overview' }), make('p', { id: 'total', textContent: '2,000 orders' }))

const draw = () => (location.pathname === '/orders' ? orders() : overview())

document.querySelector('nav').addEventListener('click', (event) => {
  const link = event.target.closest('a')
  if (!link) return
  event.preventDefault()
  history.pushState(null, '', link.href)
  draw()
})
addEventListener('popstate', draw)
draw()

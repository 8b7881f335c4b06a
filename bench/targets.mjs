// Runs in a page of the targets bench: picks targets, changes the page as releases do, and asks every finder again.
import { finder as selectorOf } from '@medv/finder'
import { addLocale, capture, makeFinder } from '../web/packages/targets/src/fingerprint/index.ts'

const CONTROLS = 'a[href],button,input:not([type=hidden]),select,textarea,summary,[role=button],[role=tab]'
const OTHERS = 'h1,h2,h3,h4,h5,h6,.card,td,th,li,section,article'

/** A random number generator of its own for every page and mutation: the same bench, the same trials. */
function dice(seed) {
  let state = [...seed].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5)
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { next, below: (count) => Math.floor(next() * count), letters: (count) => letters(next, count) }
}

function letters(next, count) {
  const all = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return all[Math.floor(next() * 26)] + Array.from({ length: count - 1 }, () => all[Math.floor(next() * 36)]).join('')
}

function shuffled(list, roll) {
  const made = [...list]
  for (let at = made.length - 1; at > 0; at--) {
    const other = roll.below(at + 1)
    const kept = made[at]
    made[at] = made[other]
    made[other] = kept
  }
  return made
}

const isSeen = (element) => {
  const box = element.getBoundingClientRect()
  return box.width > 4 && box.height > 4 && element.checkVisibility({ visibilityProperty: true })
}

/** Indexes, in document order, of the elements to find: three controls to every heading, card, cell or entry. */
function pick(body, count, roll) {
  const all = [...body.querySelectorAll('*')]
  const some = (selector, wanted) =>
    shuffled([...body.querySelectorAll(selector)].filter(isSeen), roll)
      .slice(0, wanted)
      .map((element) => all.indexOf(element))
  const controls = some(CONTROLS, Math.round(count * 0.75))
  return [...new Set([...controls, ...some(OTHERS, count - controls.length)])]
}

const texts = (root) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  const found = []
  while (walker.nextNode()) if (walker.currentNode.nodeValue.trim()) found.push(walker.currentNode)
  return found.filter((text) => !text.parentElement.closest('style,script'))
}
const SAID = ['aria-label', 'placeholder', 'title', 'alt']

function rewrite(root, change) {
  for (const text of texts(root)) text.nodeValue = change(text.nodeValue)
  for (const name of SAID)
    for (const each of root.querySelectorAll(`[${name}]`)) each.setAttribute(name, change(each.getAttribute(name)))
  for (const each of root.querySelectorAll('input[type=submit],input[type=button]')) each.value = change(each.value)
}

/** Another language, as far as a finder can tell: other words, the same ones everywhere. */
const translated = (text) =>
  text.replace(/\p{L}+/gu, (word) => {
    const turned = [...word.toLowerCase()].reverse().join('')
    return word[0] === word[0].toUpperCase() ? `${turned[0].toUpperCase()}${turned.slice(1)}ô` : `${turned}ô`
  })

const TABLES = 'table,thead,tbody,tr,ul,ol,dl,select,optgroup,svg,svg *'
const NEW = 'Archive Billing Reports Teams Roles Audit Labels Backups Usage Alerts Plans Locations'.split(' ')

const MUTATIONS = {
  none: () => {},
  'class-hash': (page, roll) => {
    const names = new Map()
    const style = [(name) => `css-${name}`, (name) => `_${name}`, (name) => `Box_root__${name}`][roll.below(3)]
    for (const each of page.body.querySelectorAll('[class]')) {
      const made = [...each.classList].map((name) => {
        if (!names.has(name)) names.set(name, style(roll.letters(6)))
        return names.get(name)
      })
      each.setAttribute('class', made.join(' '))
    }
  },
  'ids-regenerated': (page, roll) => {
    const names = new Map()
    const style = [() => `:r${roll.letters(2)}:`, () => `radix-${roll.below(9999)}`, () => roll.letters(9)][roll.below(3)]
    for (const each of page.body.querySelectorAll('[id]')) {
      names.set(each.id, style())
      each.id = names.get(each.id)
    }
    for (const name of ['for', 'aria-labelledby', 'aria-controls', 'aria-describedby'])
      for (const each of page.body.querySelectorAll(`[${name}]`))
        each.setAttribute(name, each.getAttribute(name).split(' ').map((id) => names.get(id) ?? id).join(' '))
    for (const each of page.body.querySelectorAll('a[href^="#"]')) {
      const id = names.get(each.getAttribute('href').slice(1))
      if (id) each.setAttribute('href', `#${id}`)
    }
  },
  reorder: (page, roll) => {
    for (const box of page.body.querySelectorAll('*')) {
      if (box.children.length < 3 || box.matches('svg,svg *,select') || roll.next() > 0.5) continue
      const same = [...box.children].filter((each) => each.localName === box.lastElementChild.localName)
      if (same.length < 3) continue
      const marks = same.map((each) => {
        const mark = document.createComment('')
        each.replaceWith(mark)
        return mark
      })
      shuffled(same, roll).forEach((each, at) => marks[at].replaceWith(each))
    }
  },
  wrap: (page, roll) => {
    for (const each of [...page.body.querySelectorAll('*')]) {
      const mayNot = each.parentElement.matches(TABLES) || each.matches('svg,svg *,style,br,hr')
      if (mayNot || roll.next() > 0.2) continue
      const box = document.createElement('div')
      box.className = roll.next() > 0.5 ? 'wrapper-inner' : roll.letters(6)
      each.replaceWith(box)
      box.append(each)
    }
  },
  insert: (page, roll) => {
    for (const each of [...page.body.querySelectorAll('*')]) {
      if (each.matches('svg,svg *,style,br,hr,body > *') || roll.next() > 0.15) continue
      if (each.querySelectorAll('*').length > 40) continue
      const added = each.cloneNode(true)
      for (const inner of [added, ...added.querySelectorAll('*')]) {
        for (const name of ['id', 'name', 'for']) inner.removeAttribute(name)
        if (inner.hasAttribute('href')) inner.setAttribute('href', `/new/${roll.letters(5)}`)
      }
      rewrite(added, () => NEW[roll.below(NEW.length)])
      for (const name of SAID) if (added.hasAttribute(name)) added.setAttribute(name, NEW[roll.below(NEW.length)])
      each.before(added)
    }
  },
  numbers: (page, roll) => rewrite(page.body, (text) => text.replace(/\d/g, () => roll.below(10))),
  relabel: (page, roll) => page.targets.forEach((_, at) => relabel(page.of(at), roll)),
  translated: (page) => {
    rewrite(page.body, translated)
    document.documentElement.lang = 'xx'
  },
  'tag-swap': (page, roll) => {
    const other = { button: 'a', div: 'section', section: 'div', h1: 'h2', h2: 'h3', h3: 'h4', h4: 'h5', h5: 'h6', h6: 'h5', span: 'b', i: 'span' }
    for (const each of [...page.body.querySelectorAll('*')]) {
      const tag = each.localName === 'a' && roll.next() > 0.5 ? 'button' : other[each.localName]
      if (!tag || roll.next() > 0.7) continue
      const made = document.createElement(tag)
      for (const { name, value } of each.attributes) if (name !== 'href') made.setAttribute(name, value)
      if (each.localName === 'button') made.setAttribute('role', 'button')
      made.append(...each.childNodes)
      each.replaceWith(made)
      page.became(each, made)
    }
  },
  redeploy: (page, roll) => {
    for (const name of ['class-hash', 'ids-regenerated', 'insert', 'numbers']) MUTATIONS[name](page, roll)
  },
  redesign: (page, roll) => {
    MUTATIONS.redeploy(page, roll)
    MUTATIONS.wrap(page, roll)
    MUTATIONS.reorder(page, roll)
    page.targets.forEach((_, at) => {
      if (roll.next() < 0.25) relabel(page.of(at), roll)
    })
  },
}

/** Other words on one element: half the time one word of it, half the time all. */
function relabel(element, roll) {
  const all = roll.next() < 0.5
  const change = (text) => {
    const words = text.trim().split(/\s+/)
    if (all || words.length < 2) return all ? NEW[roll.below(NEW.length)] : `${text} ${NEW[roll.below(NEW.length)].toLowerCase()}`
    words[roll.below(words.length)] = NEW[roll.below(NEW.length)].toLowerCase()
    return words.join(' ')
  }
  for (const text of texts(element).slice(0, 3)) text.nodeValue = change(text.nodeValue)
  for (const name of SAID) if (element.hasAttribute(name)) element.setAttribute(name, change(element.getAttribute(name)))
}

/** A fresh copy of the page in the document; targets are known by their place in the copy, so by identity. */
function copyOf(original, targets) {
  const body = original.cloneNode(true)
  const all = [...body.querySelectorAll('*')]
  const found = targets.map((index) => all[index])
  document.body.replaceWith(body)
  document.documentElement.lang = 'en'
  return {
    body,
    targets,
    of: (at) => found[at],
    became: (old, made) => {
      const at = found.indexOf(old)
      if (at >= 0) found[at] = made
    },
  }
}

const quietly = (ask) => {
  try {
    return ask()
  } catch {
    return null
  }
}

/** Every trial of this page: {mutation, strategy, right, wrong, gone, ms}. */
export function trials(page, count) {
  const original = document.body.cloneNode(true)
  const targets = pick(document.body, count, dice(page))
  const before = copyOf(original, targets)
  const captures = targets.map((_, at) => {
    const begun = performance.now()
    const { fingerprint, confidence } = capture(before.of(at))
    return { fingerprint, confidence, ms: performance.now() - begun }
  })
  const selectors = targets.map((_, at) => quietly(() => selectorOf(before.of(at), { timeoutMs: 1000 })))
  MUTATIONS.translated(before)
  const locales = captures.map(({ fingerprint }, at) => addLocale(fingerprint, before.of(at)))

  const strategies = {
    handrail: (at) => makeFinder()(document, { fingerprint: captures[at].fingerprint }).element ?? null,
    medv: (at) => selectors[at] && quietly(() => document.querySelector(selectors[at])),
  }
  const results = []
  const run = (mutation, mutate, asked) => {
    const copy = copyOf(original, targets)
    mutate(copy, dice(`${page} ${mutation}`))
    for (const [strategy, find] of Object.entries(asked)) {
      targets.forEach((_, at) => {
        const element = copy.of(at)
        document.body.getBoundingClientRect()
        const begun = performance.now()
        const answer = find(at)
        const ms = performance.now() - begun
        const mark = document.createComment('')
        element.replaceWith(mark)
        const gone = find(at) !== null
        mark.replaceWith(element)
        results.push({ mutation, strategy, at, right: answer === element, wrong: answer !== null && answer !== element, gone, ms })
      })
    }
  }
  for (const [mutation, mutate] of Object.entries(MUTATIONS)) {
    const { medv } = strategies
    const bilingual = (at) => makeFinder()(document, { fingerprint: locales[at] }).element ?? null
    run(mutation, mutate, mutation === 'translated' ? { handrail: bilingual, 'one language': strategies.handrail, medv } : strategies)
  }
  copyOf(original, targets)
  return { results, elements: original.querySelectorAll('*').length, capture: captures.map(({ ms }) => ms), confidence: captures.map(({ confidence }) => confidence) }
}

/** Times, in ms, of finding each target on this page grown to `size` elements by copies of what is in it. */
export function timings(page, count, size) {
  const original = document.body.cloneNode(true)
  const targets = pick(document.body, count, dice(page))
  const copy = copyOf(original, targets)
  const boxes = [...copy.body.querySelectorAll('*')].filter((each) => each.querySelectorAll('*').length > 20)
  const roll = dice(page)
  while (boxes.length && document.querySelectorAll('*').length < size) {
    const added = shuffled(boxes, roll)[0].cloneNode(true)
    rewrite(added, translated)
    copy.body.append(added)
    if (document.querySelectorAll('*').length > size * 1.1) added.remove()
  }
  const prints = targets.map((_, at) => capture(copy.of(at)).fingerprint)
  document.body.getBoundingClientRect()
  return prints.map((fingerprint) =>
    // The best of five: a busy machine takes the processor away in the middle of some.
    Math.min(
      ...Array.from({ length: 5 }, () => {
        const begun = performance.now()
        makeFinder()(document, { fingerprint })
        return performance.now() - begun
      }),
    ),
  )
}

let kept
/** What was answered wrongly or not at all after a mutation, and why, to look into. */
export function explain(page, count, mutation) {
  kept ??= document.body.cloneNode(true)
  const original = kept
  copyOf(original, [])
  const targets = pick(document.body, count, dice(page))
  const before = copyOf(original, targets)
  const prints = targets.map((_, at) => capture(before.of(at)))
  const copy = copyOf(original, targets)
  MUTATIONS[mutation](copy, dice(`${page} ${mutation}`))
  return prints.flatMap(({ fingerprint, confidence }, at) => {
    const found = makeFinder()(document, { fingerprint })
    if (found.element === copy.of(at)) return []
    const { missing = 'WRONG', agreement } = found
    return [{ missing, agreement, confidence, fingerprint, now: copy.of(at).outerHTML.slice(0, 200), found: found.element?.outerHTML.slice(0, 200) }]
  })
}

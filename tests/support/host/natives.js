// The browser's own functions, kept before anything else runs, and which of them are not what they were.
;(() => {
  const found = new Map()
  const { getOwnPropertyNames, getOwnPropertyDescriptor, getPrototypeOf } = Object
  const keep = (owner, path) => {
    for (const name of getOwnPropertyNames(owner)) {
      const held = getOwnPropertyDescriptor(owner, name)
      for (const part of ['value', 'get', 'set'])
        if (typeof held[part] === 'function') found.set(`${path}.${name}.${part}`, [owner, name, part, held[part]])
    }
  }
  for (const name of getOwnPropertyNames(window)) {
    const value = getOwnPropertyDescriptor(window, name).value
    if (typeof value !== 'function' || name === 'natives') continue
    found.set(name, [window, name, 'value', value])
    if (value.prototype && /^[A-Z]/.test(name)) keep(value.prototype, `${name}.prototype`)
    if (/^(Object|Array|Promise|Reflect|Number|String|Date|URL)$/.test(name)) keep(value, name)
  }
  for (const name of ['JSON', 'Math', 'Reflect', 'Intl', 'CSS']) keep(window[name], name)
  for (const name of ['history', 'navigator', 'location', 'document', 'navigation', 'localStorage', 'console'])
    keep(getPrototypeOf(window[name]), name), keep(window[name], name)
  const objects = ['history', 'navigator', 'document', 'navigation', 'location']
  const own = () => objects.flatMap((name) => getOwnPropertyNames(window[name]).map((key) => `${name}.${key}`))
  const ownBefore = own()
  const source = Function.prototype.toString
  window.natives = {
    count: found.size,
    names: () => [...found.keys()],
    /** Functions that are no longer the one they were, or do not read as a fresh frame's do. */
    changed() {
      const frame = document.createElement('iframe')
      document.body.append(frame)
      const fresh = frame.contentWindow.Function.prototype.toString
      const bad = []
      for (const [path, [owner, name, part, was]] of found) {
        const now = getOwnPropertyDescriptor(owner, name)
        if (!now || now[part] !== was) bad.push(path)
        else if (!fresh.call(was).includes('[native code]')) bad.push(`${path} is not native`)
      }
      // A method that is wrapped on the object itself hides its prototype's.
      bad.push(...own().filter((path) => !ownBefore.includes(path)))
      if (source !== Function.prototype.toString) bad.push('toString')
      frame.remove()
      return bad
    },
  }
})()

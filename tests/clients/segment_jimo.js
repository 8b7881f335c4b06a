// A stand-in for Segment's device-mode destination "Jimo (Actions)", written from what is known of its behaviour
// (contract: segment_destination.json), for tests only. analytics.js loads it as a remote plugin; `scriptUrl` is where
// the vendor's script would come from. Settings and subscriptions have Segment's own shape.
window.segmentJimoStandIn = (settings) => {
  const names = { 'type = "identify"': 'identify', 'type = "track"': 'track', 'type = "group"': 'group' }
  const at = (event, path) =>
    path
      .replace('$.', '')
      .split('.')
      .reduce((held, key) => held && held[key], event)
  const transform = (mapping, event) => {
    const payload = {}
    for (const [key, directive] of Object.entries(mapping)) {
      const value = at(event, directive['@path'])
      if (value !== undefined) payload[key] = value
    }
    return payload
  }

  let ready
  const initialize = async () => {
    if (window.jimo) return window.segmentJimo
    window.jimo = []
    window.segmentJimo = { initialized: !settings.manualInit, client: () => window.jimo }
    window.JIMO_MANUAL_INIT = settings.manualInit
    window.JIMO_PROJECT_ID = settings.projectId
    await new Promise((resolve, reject) => {
      const script = document.createElement('script')
      script.src = settings.scriptUrl
      script.onload = resolve
      script.onerror = reject
      document.scripts[0].before(script)
    })
    return window.segmentJimo
  }

  const actions = {
    sendUserData(jimo, { userId, email, traits }) {
      const set = () => {
        if (email != null) jimo.client().push(['set', 'user:email', [email]])
        if (traits != null)
          jimo.client().push(['set', 'user:attributes', [traits, settings.refetchExperiencesOnTraitsUpdate ?? false, true]])
      }
      if (userId != null) jimo.client().push(['do', 'identify', [userId, set]])
      else set()
      const waits = settings.manualInit && typeof userId === 'string' && userId.length > 0
      if (waits && window.segmentJimo.initialized === false && window.jimoInit) {
        window.jimoInit()
        window.segmentJimo.initialized = true
      }
    },
    sendTrackEvent(jimo, { event_name, userId, anonymousId, messageId, timestamp, properties }) {
      const told = { event: event_name, userId, anonymousId, messageId, timestamp, receivedAt: timestamp, properties }
      jimo.client().push(['do', 'segmentio:track', [told]])
      window.dispatchEvent(new CustomEvent(`jimo-segmentio-track:${event_name}`))
    },
    sendGroupData(jimo, { groupId, traits }) {
      jimo.client().push(['set', 'user:group', [{ groupId, traits: traits ?? {} }, { fromSegment: true }]])
    },
  }

  return settings.subscriptions.map(({ partnerAction, subscribe, mapping }) => {
    let jimo
    let loaded = false
    const handle = async (context) => {
      if (names[subscribe] === context.event.type) actions[partnerAction](jimo, transform(mapping, context.event))
      return context
    }
    return {
      name: `Jimo (Actions) ${partnerAction}`,
      version: '0.1.0',
      type: 'destination',
      isLoaded: () => loaded,
      load: async () => {
        ready ??= initialize()
        jimo = await ready
        loaded = true
      },
      track: handle,
      page: handle,
      alias: handle,
      identify: handle,
      group: handle,
    }
  })
}

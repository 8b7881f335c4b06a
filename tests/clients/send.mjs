// Sends events with Segment's own Node library: `node send.mjs HOST WRITE_KEY COUNT`.
import { Analytics } from '@segment/analytics-node'

const [host, writeKey, count] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, flushAt: 20 })
for (let number = 0; number < Number(count); number++)
  analytics.track({ userId: 'ann', event: 'Order', properties: { number } })
analytics.identify({ userId: 'ann', traits: { plan: 'pro' } })
await analytics.closeAndFlush()

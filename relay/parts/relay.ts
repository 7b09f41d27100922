import { join } from 'node:path'
import { installSteadyDate } from '../../workers/stack/steady-date.ts'
import { readConfig } from '../config.ts'
import { startRelay } from '../start-relay.ts'
import { runPart } from './part.ts'

// Before anything measures a duration.
installSteadyDate()

/** Process of the relay. */
await runPart(async ({ send, onError }) => {
  const relay = await startRelay(readConfig(process.env, join(import.meta.dirname, '../..')), onError)
  return {
    ready: { kind: 'ready', port: relay.port, addresses: relay.node.getMultiaddrs().map(String) },
    onMessage(message) {
      const { kind } = message
      if (kind === 'health-request') send({ ...message, kind: 'health', health: relay.health() })
      else if (kind === 'metrics-request')
        relay.metricsText().then((text) => send({ ...message, kind: 'metrics', text }), onError)
    },
    stop: relay.stop,
  }
})

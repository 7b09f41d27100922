import { createRelayAnnouncementValidator } from '../workers/stack/relay-announcement-validator.ts'
import { wallNow } from '../workers/stack/steady-date.ts'
import { createConsoleLogger } from '../workers/telemetry/console-logger.ts'
import { loadRelayKey, type RelayConfig } from './config.ts'
import { createRelay, type Relay } from './create-relay.ts'
import { createNodeCrypto } from './node-crypto.ts'
import { startPartTelemetry } from './telemetry/part-telemetry.ts'
import { createRegistry, textOf } from './telemetry/prometheus.ts'
import { relayFigures } from './telemetry/relay-figures.ts'

export interface StartedRelay extends Relay {
  /** Metrics of the relay and of libp2p in the Prometheus format; undefined when they are too long. */
  metricsText(): Promise<string | undefined>
}

/**
 * Starts a relay with the configured key and addresses, which verifies announcements before it forwards them.
 * `DEBUG=relay,gossip` writes the logs of these rooms to stderr.
 */
export const startRelay = async (config: RelayConfig, onError?: (error: Error) => void): Promise<StartedRelay> => {
  const crypto = createNodeCrypto()
  const rooms = process.env['DEBUG'] ?? ''
  const privateKey = await loadRelayKey(config)
  const telemetry = await startPartTelemetry('relay', relayFigures, config.collector)
  const registry = createRegistry(telemetry.figures)
  try {
    const relay = await createRelay({
      privateKey,
      host: config.host,
      port: config.relayPort,
      announce: config.announce,
      crypto,
      validateAnnouncement: createRelayAnnouncementValidator(crypto),
      logger: createConsoleLogger({ rooms, now: wallNow, write: (line) => console.error(line) }),
      telemetry,
      ...(config.metrics === 'off' ? {} : { metrics: await libp2pMetrics(registry) }),
      ...(onError === undefined ? {} : { onError }),
    })
    return {
      ...relay,
      metricsText: () => textOf(registry),
      async stop() {
        await relay.stop()
        await telemetry.stop()
      },
    }
  } catch (error) {
    await telemetry.stop()
    throw error
  }
}

/** libp2p's own metrics. Imported only when somebody may read them. */
const libp2pMetrics = async (registry: ReturnType<typeof createRegistry>) => {
  const { prometheusMetrics } = await import('@libp2p/prometheus-metrics')
  return prometheusMetrics({ registry, collectDefaultMetrics: false })
}

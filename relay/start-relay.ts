import { createRelayAnnouncementValidator } from '../workers/stack/relay-announcement-validator.ts'
import { wallNow } from '../workers/stack/steady-date.ts'
import { createConsoleLogger } from '../workers/telemetry/console-logger.ts'
import { loadRelayKey, type RelayConfig } from './config.ts'
import { createRelay, type Relay } from './create-relay.ts'
import { createNodeCrypto } from './node-crypto.ts'

/**
 * Starts a relay with the configured key and addresses, which verifies announcements before it forwards them.
 * `DEBUG=relay,gossip` writes the logs of these rooms to stderr.
 */
export const startRelay = async (config: RelayConfig, onError?: (error: Error) => void): Promise<Relay> => {
  const crypto = createNodeCrypto()
  const rooms = process.env['DEBUG'] ?? ''
  return createRelay({
    privateKey: await loadRelayKey(config),
    host: config.host,
    port: config.relayPort,
    announce: config.announce,
    crypto,
    validateAnnouncement: createRelayAnnouncementValidator(crypto),
    logger: createConsoleLogger({ rooms, now: wallNow, write: (line) => console.error(line) }),
    ...(onError === undefined ? {} : { onError }),
  })
}

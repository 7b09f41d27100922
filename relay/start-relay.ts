import { createAnnouncementValidator } from '../workers/stack/announcement-validator.ts'
import { loadRelayKey, type RelayConfig } from './config.ts'
import { createRelay, type Relay } from './create-relay.ts'
import { createNodeCrypto } from './node-crypto.ts'

/** Starts the relay that a configuration describes: its key, and announcements verified before they are passed on. */
export const startRelay = async (config: RelayConfig, onError?: (error: Error) => void): Promise<Relay> => {
  const crypto = createNodeCrypto()
  return createRelay({
    privateKey: await loadRelayKey(config),
    host: config.host,
    port: config.relayPort,
    announce: config.announce,
    crypto,
    validateAnnouncement: createAnnouncementValidator(crypto),
    ...(onError === undefined ? {} : { onError }),
  })
}

import { createAnnouncementValidator } from '../workers/stack/announcement-validator.ts'
import { webCrypto } from '../workers/stack/web-crypto.ts'
import { loadRelayKey, type RelayConfig } from './config.ts'
import { createRelay, type Relay } from './create-relay.ts'

/** Starts the relay that a configuration describes: its key, and announcements verified before they are passed on. */
export const startRelay = async (config: RelayConfig, onError?: (error: Error) => void): Promise<Relay> =>
  createRelay({
    privateKey: await loadRelayKey(config),
    host: config.host,
    port: config.relayPort,
    announce: config.announce,
    crypto: webCrypto,
    validateAnnouncement: createAnnouncementValidator(webCrypto),
    ...(onError === undefined ? {} : { onError }),
  })

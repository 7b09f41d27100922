import { generateKeyPair } from '@libp2p/crypto/keys'
import { createRelay } from '../../relay/create-relay.ts'
import { installSteadyDate } from '../stack/steady-date.ts'
import { webCrypto } from '../stack/web-crypto.ts'

/**
 * A relay in its own process with a shifted clock: by the first argument, and further by each message (ms). One process
 * cannot have two clocks. Reports its address.
 */
const System = Date
let offMs = Number(process.argv[2] ?? 0)
globalThis.Date = new Proxy(System, {
  construct: (target, given, made) =>
    Reflect.construct(target, given.length === 0 ? [System.now() + offMs] : given, made === Date ? target : made),
  get: (target, key) => (key === 'now' ? () => System.now() + offMs : Reflect.get(target, key)),
})
// As in `relay/main.ts`.
installSteadyDate()

const relay = await createRelay({
  privateKey: await generateKeyPair('Ed25519'),
  host: '127.0.0.1',
  port: 0,
  announce: [],
  crypto: webCrypto,
  validateAnnouncement: async () => ({ verdict: 'new', checks: 0 }),
})
process.on('message', (ms) => {
  offMs += Number(ms)
  process.send?.({ set: true })
})
process.on('disconnect', () => process.exit())
process.send?.({ address: relay.addressFor(undefined) })

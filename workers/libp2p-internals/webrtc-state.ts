import type { Connection, Transport, Upgrader } from '@libp2p/interface'
import { transportConnection } from './connection.ts'
import { internalsOf } from './internals.ts'

/**
 * The WebRTC transport, which upgrades only connections with a connected RTCPeerConnection.
 *
 * `@libp2p/webrtc` 6.0.33 waits for that state, but if the peer connection fails or the signalling stream ends first, it
 * catches the error and upgrades a connection that was never established. Nothing detects that, since WebRTC connections
 * have no further handshake.
 *
 * A connection with an inaccessible state is not upgraded and fails with InternalsChanged.
 */
export const onlyConnected = <Components extends { upgrader: Upgrader }>(
  create: (components: Components) => Transport,
  components: Components,
): Transport => {
  // The components resolve their parts lazily, so they must not be copied.
  const transport = create(replacing(components, 'upgrader', guard(components.upgrader)))
  const dial = transport.dial.bind(transport)
  transport.dial = (address, options) => dial(address, { ...options, upgrader: guard(options.upgrader) })
  return transport
}

const guard = (upgrader: Upgrader): Upgrader => {
  const upgradeInbound: Upgrader['upgradeInbound'] = async (connection, options) => {
    assertConnected(connection)
    return upgrader.upgradeInbound(connection, options)
  }
  const upgradeOutbound: Upgrader['upgradeOutbound'] = async (connection, options) => {
    assertConnected(connection)
    return upgrader.upgradeOutbound(connection, options)
  }
  return replacing(replacing(upgrader, 'upgradeInbound', upgradeInbound), 'upgradeOutbound', upgradeOutbound)
}

const replacing = <T extends object, Key extends keyof T>(target: T, key: Key, value: T[Key]): T =>
  new Proxy(target, {
    get(whole, name) {
      if (name === key) return value
      const found: unknown = Reflect.get(whole, name)
      return typeof found === 'function' ? found.bind(whole) : found
    },
  })

const assertConnected = (connection: object): void => {
  const state = internals(connection).peerConnection.connectionState
  if (state !== 'connected') throw new Error(`The peer connection is ${state}: there is no direct path.`)
}

interface Internals {
  readonly peerConnection: { readonly connectionState: string }
}

const internals = internalsOf<Internals>('@libp2p/webrtc', { 'peerConnection.connectionState': 'string' })

/** The state of the RTCPeerConnection under a connection; undefined under other transports. */
export const rtcStateOf = (connection: Connection): string | undefined => {
  const under = transportConnection(connection)
  return 'peerConnection' in under ? internals(under).peerConnection.connectionState : undefined
}

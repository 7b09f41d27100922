import type { Transport, Upgrader } from '@libp2p/interface'

/**
 * The WebRTC transport, held to what it says: a connection that it makes is one whose RTCPeerConnection is connected.
 *
 * `@libp2p/webrtc` 6.0.33 waits for that, but where the peer connection fails or the stream for signalling ends before,
 * it catches the error and upgrades a connection that never was. Nothing notices, since WebRTC connections are
 * upgraded without a handshake.
 */
export const onlyConnected = <Components extends { upgrader: Upgrader }>(
  create: (components: Components) => Transport,
  components: Components,
): Transport => {
  // What is handed in looks its parts up when they are asked for, so it must not be copied.
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
  const state = rtcStateOf(connection)
  if (state !== undefined && state !== 'connected')
    throw new Error(`The peer connection is ${state}: there is no direct path.`)
}

/**
 * The state of the RTCPeerConnection under a connection of libp2p, or under what its transport made for it; undefined
 * where there is none, as under a WebSocket.
 */
export const rtcStateOf = (connection: object): string | undefined => {
  const under: unknown = Reflect.get(connection, 'maConn') ?? connection
  const peerConnection = typeof under === 'object' && under !== null ? Reflect.get(under, 'peerConnection') : undefined
  const state =
    typeof peerConnection === 'object' && peerConnection !== null
      ? Reflect.get(peerConnection, 'connectionState')
      : undefined
  return typeof state === 'string' ? state : undefined
}

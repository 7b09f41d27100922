import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Failure } from '../../contract/failures.ts'
import { addressesThrough, isDirect, isRelayed, withPeer } from '../addresses.ts'
import type { TabNode } from '../create-node.ts'
import { unlessAborted } from '../unless-aborted.ts'

/** Opening a stream takes at most this long, ms: two attempts to dial by WebRTC where the first one is lost. */
const defaultTimeoutMs = 10_000

/** Of that, as much is left for a relayed connection when the direct one does not come about, ms. */
const relayedShareMs = 4_000

/** A connection on which a stream takes longer than this is checked, ms: several round trips of a slow one. */
const stallMs = 1_500

/** A connection that lives, but takes up no stream within this, ms, is not waited for. */
const openMs = 5_000

export interface OpenStreamOptions {
  signal?: AbortSignal
  /** True: a relayed connection will not do, as for content. False: it is used when no direct one comes about. */
  direct: boolean
  timeoutMs?: number
}

export type StreamTab = Pick<TabNode, 'node' | 'isRelay' | 'gater' | 'webRtc'>

/** What the pool knows of connections. */
export interface StreamSource {
  /** Open connections to a peer, the best first. */
  connectionsTo(peer: PeerId): Connection[]
  /** Nothing was heard of it for a while. */
  isStale(connection: Connection): boolean
  /** Whether it lives; one that does not is closed. */
  check(connection: Connection): Promise<boolean>
  /** A stream was opened on it. */
  onUse(connection: Connection): void
  /** It took up no stream, though it lives. */
  onFailure(connection: Connection): void
}

/**
 * Opens a stream to a peer on its direct connection, dialling one where there is none: first by the addresses that are
 * known, else through the relays that we are connected to. A connection that is silent is checked meanwhile, and given
 * up when it is dead, so that it does not use up the time.
 *
 * @throws Failure `PeerUnreachable`, `Timeout` after `timeoutMs`, or `Cancelled` when the signal aborts; nothing else.
 */
export const openStream = async (
  tab: StreamTab,
  source: StreamSource,
  peerId: string,
  protocol: string,
  { signal, direct, timeoutMs = defaultTimeoutMs }: OpenStreamOptions,
): Promise<Stream> => {
  const timeout = AbortSignal.timeout(timeoutMs)
  const ended = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  const undoPermit = tab.gater.permit(peerId)
  try {
    const peer = peerIdFromString(peerId)
    const open = async (): Promise<Stream> => {
      const onOpen = await tryConnections(source, peer, protocol, isDirect, ended)
      if (onOpen !== undefined) return onOpen
      const share = direct
        ? ended
        : AbortSignal.any([ended, AbortSignal.timeout(Math.max(timeoutMs - relayedShareMs, 0))])
      try {
        const connection = await dialDirect(tab, peer, share)
        return await openOn(source, connection, protocol, share)
      } catch (error) {
        if (direct) throw error
        ended.throwIfAborted()
        return await openRelayed(tab, source, peer, protocol, ended)
      }
    }
    ended.throwIfAborted()
    const opening = open()
    return await closeLate(opening, unlessAborted(opening, ended))
  } catch (error) {
    if (signal?.aborted) throw new Failure('Cancelled', 'It was cancelled.')
    if (timeout.aborted)
      throw new Failure('Timeout', `The peer ${short(peerId)} could not be reached within ${timeoutMs / 1000} seconds.`)
    throw new Failure('PeerUnreachable', `The peer ${short(peerId)} cannot be reached: ${describe(error)}`)
  } finally {
    undoPermit()
  }
}

/** Addresses of a peer: those that it told, and those that it has if it holds a reservation at one of our relays. */
const knownAddresses = async (tab: StreamTab, peer: PeerId): Promise<Multiaddr[]> => {
  const { node } = tab
  const told = await node.peerStore.get(peer).then(
    ({ addresses }) => addresses.map(({ multiaddr }) => multiaddr),
    () => [],
  )
  const guessed = node
    .getConnections()
    .filter((connection) => isDirect(connection) && tab.isRelay(connection.remotePeer.toString()))
    .map(({ remoteAddr }) => addressesThrough(remoteAddr, peer.toString()))
    .flatMap(({ webRtc, relayed }) => (tab.webRtc ? [webRtc, relayed] : [relayed]))
  const addresses = new Map(withPeer([...told, ...guessed], peer.toString()).map((each) => [each.toString(), each]))
  return [...addresses.values()]
}

const openRelayed = async (
  tab: StreamTab,
  source: StreamSource,
  peer: PeerId,
  protocol: string,
  signal: AbortSignal,
): Promise<Stream> => {
  const onOpen = await tryConnections(source, peer, protocol, (connection) => !isDirect(connection), signal)
  if (onOpen !== undefined) return onOpen
  const connection = await dial(tab, peer, isRelayed, signal)
  return openOn(source, connection, protocol, signal)
}

/** A stream on the first open connection that takes one. */
const tryConnections = async (
  source: StreamSource,
  peer: PeerId,
  protocol: string,
  fits: (connection: Connection) => boolean,
  signal: AbortSignal,
): Promise<Stream | undefined> => {
  for (const connection of source.connectionsTo(peer).filter(fits)) {
    try {
      return await openOn(source, connection, protocol, signal)
    } catch (error) {
      signal.throwIfAborted()
      // The peer answered: another connection to it would say the same.
      if (error instanceof Error && error.name === 'UnsupportedProtocolError') throw error
    }
  }
  return undefined
}

const openOn = async (
  source: StreamSource,
  connection: Connection,
  protocol: string,
  signal: AbortSignal,
): Promise<Stream> => {
  const dead = Promise.withResolvers<never>()
  // It may come after the stream.
  dead.promise.catch(() => {})
  const check = async (): Promise<void> => {
    if (!(await source.check(connection))) dead.reject(new Error('its connection is dead.'))
  }
  // What was opened at once can still be lost on a connection that died unnoticed: its end will be told to the stream.
  if (source.isStale(connection)) void check()
  const stalled = setTimeout(check, stallMs)
  const limit = AbortSignal.timeout(openMs)
  try {
    const opening = connection.newStream(protocol, {
      signal: AbortSignal.any([signal, limit]),
      runOnLimitedConnection: true,
    })
    const stream = await closeLate(opening, Promise.race([opening, dead.promise]))
    source.onUse(connection)
    return stream
  } catch (error) {
    if (limit.aborted) source.onFailure(connection)
    throw error
  } finally {
    clearTimeout(stalled)
  }
}

const dialDirect = async (tab: StreamTab, peer: PeerId, signal: AbortSignal): Promise<Connection> => {
  const connection = await dial(tab, peer, (address) => !isRelayed(address), signal)
  // Where a query was dialling the same peer, its dial was joined, and that one may settle for a relayed connection.
  return isDirect(connection) ? connection : dial(tab, peer, (address) => !isRelayed(address), signal)
}

const dial = async (
  tab: StreamTab,
  peer: PeerId,
  fits: (address: Multiaddr) => boolean,
  signal: AbortSignal,
): Promise<Connection> => {
  const addresses = (await knownAddresses(tab, peer)).filter(fits)
  if (addresses.length === 0) throw new Error('no address of it is known')
  return tab.node.dial(addresses, { signal })
}

/** Ends as `first` does; a stream that comes later than that is closed. */
const closeLate = async (opening: Promise<Stream>, first: Promise<Stream>): Promise<Stream> => {
  try {
    return await first
  } catch (error) {
    opening.then(
      (late) => late.abort(new Error('Nobody waits for it any more.')),
      () => {},
    )
    throw error
  }
}

const short = (peerId: string): string => peerId.slice(-8)

const describe = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  return message === '' ? 'it does not answer.' : message
}

import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { raceSignal } from 'race-signal'
import { Failure } from '../../contract/failures.ts'
import type { Operation } from '../../telemetry/operation.ts'
import { addressesThrough, isDirect, isRelayed, isWebRtc } from '../addresses.ts'
import type { PeerNode } from '../create-node.ts'
import { AnotherPeerError, dialPeer, isGone } from '../dial-peer.ts'
import { hasBudget } from '../relayed-budget.ts'

/** Limit for opening a stream (ms): time for a second WebRTC dial if the first one is lost. */
const defaultTimeoutMs = 10_000

/** How long to wait for a direct connection before using a relayed one (ms); WebRTC takes about 300. */
const defaultRelayedAfterMs = 3_000

/** Limit of a direct dial (ms). It outlives the stream that requested it, because the next stream may use it. */
const directDialMs = 10_000

/** A connection that takes longer than this to open a stream is checked (ms): several round trips of a slow link. */
const stallMs = 1_500

/** Limit for opening a stream on a live connection (ms). */
const openMs = 5_000

export interface OpenStreamOptions {
  operation: Operation
  /** True requires a direct connection; false falls back to a relayed one. */
  direct: boolean
  timeoutMs?: number
  /** How long to wait for a direct connection (ms), including the time a running attempt has already taken. */
  relayedAfterMs?: number
  /** What the stream will carry (bytes): a relayed connection must have that budget left. */
  bytes?: number
}

export type StreamNode = Pick<
  PeerNode,
  'libp2p' | 'isRelay' | 'gater' | 'webRtc' | 'dialable' | 'paths' | 'dialRelayed' | 'telemetry'
>

/** The pool's connections. */
export interface StreamSource {
  /** Open connections to a peer, the best first. */
  connectionsTo(peer: PeerId): Connection[]
  /** How long it has been open (ms). */
  ageMs(connection: Connection): number
  /** True if it has shown no sign of life for a while. */
  isStale(connection: Connection): boolean
  /** Resolves to true if it lives; closes a dead one. */
  check(connection: Connection): Promise<boolean>
  /** Reports that a stream was opened on it. */
  onUse(connection: Connection): void
  /** Reports that it did not open a stream in time. */
  onFailure(connection: Connection): void
}

/**
 * Opens a stream to a peer on its direct connection, and dials one if necessary, by its stored addresses and through
 * our relays. If no direct connection opens in time, or an attempt failed a moment ago, it uses a relayed one, if
 * allowed. A silent connection is checked meanwhile and abandoned when dead, so that it does not use up the time.
 *
 * @throws Failure `PeerUnreachable`, `Timeout` after `timeoutMs`, or `Cancelled` when the operation is cancelled;
 * nothing else.
 */
export const openStream = async (
  node: StreamNode,
  source: StreamSource,
  peerId: string,
  protocol: string,
  options: OpenStreamOptions,
): Promise<Stream> => {
  const { operation, direct, timeoutMs = defaultTimeoutMs, relayedAfterMs = defaultRelayedAfterMs, bytes = 0 } = options
  const timeout = AbortSignal.timeout(timeoutMs)
  const limited = operation.withSignal(timeout)
  const ended = limited.signal
  const undoPermit = node.gater.permit(peerId)
  try {
    const peer = peerIdFromString(peerId)
    const open = async (): Promise<Stream> => {
      const onOpen = await tryConnections(source, peer, protocol, isDirect, limited)
      if (onOpen !== undefined) return onOpen
      // A running attempt has already used part of the time.
      const waitMs = direct ? timeoutMs : relayedAfterMs - (node.paths.tryingMs(peerId) ?? 0)
      const directOperation = direct ? limited : limited.withTimeout(Math.max(waitMs, 0))
      try {
        const dialling = dialDirect(node, peer, operation)
        const connection = await raceSignal(dialling, directOperation.signal)
        return await openOn(source, connection, protocol, directOperation)
      } catch (error) {
        if (direct) throw error
        ended.throwIfAborted()
        return await openRelayed(node, source, peer, protocol, bytes, limited)
      }
    }
    ended.throwIfAborted()
    const opening = open()
    return await closeLate(opening, raceSignal(opening, ended))
  } catch (error) {
    if (operation.signal.aborted) throw new Failure('Cancelled', { code: 'cancelled' })
    if (timeout.aborted)
      throw new Failure('Timeout', { code: 'peer-timed-out', peer: short(peerId), seconds: timeoutMs / 1000 })
    throw new Failure('PeerUnreachable', { code: 'peer-unreachable', peer: short(peerId), detail: describe(error) })
  } finally {
    undoPermit()
  }
}

/** Returns the addresses of a peer: assumed ones through our relays, and those in the peer store. */
const knownAddresses = async (node: StreamNode, peer: PeerId): Promise<Multiaddr[]> => {
  const { libp2p } = node
  const stored = await libp2p.peerStore.get(peer).then(
    ({ addresses }) => addresses.map(({ multiaddr }) => multiaddr),
    () => [],
  )
  const assumed = libp2p
    .getConnections()
    .filter((connection) => isDirect(connection) && node.isRelay(connection.remotePeer.toString()))
    .map(({ remoteAddr }) => addressesThrough(remoteAddr, peer.toString()))
    .flatMap(({ webRtc, relayed }) => (node.webRtc ? [webRtc, relayed] : [relayed]))
  return node.dialable(peer.toString(), [...assumed, ...stored])
}

const openRelayed = async (
  node: StreamNode,
  source: StreamSource,
  peer: PeerId,
  protocol: string,
  bytes: number,
  operation: Operation,
): Promise<Stream> => {
  const isUsable = (connection: Connection): boolean =>
    !isDirect(connection) && hasBudget(connection, source.ageMs(connection), bytes)
  const onOpen = await tryConnections(source, peer, protocol, isUsable, operation)
  if (onOpen !== undefined) return onOpen
  const connection = await dialRelayed(node, peer, operation)
  return openOn(source, connection, protocol, operation)
}

/** Dials through one relay after another. Existing relayed connections to the peer are used up. */
const dialRelayed = async (node: StreamNode, peer: PeerId, operation: Operation): Promise<Connection> => {
  let failure: unknown = new Error('no address of it is known')
  for (const address of (await knownAddresses(node, peer)).filter(isRelayed)) {
    if (node.gater.gater.denyDialMultiaddr?.(address) || node.gater.gater.denyDialPeer?.(peer)) continue
    try {
      const connection = await node.dialRelayed(address, operation)
      if (connection.remotePeer.equals(peer)) return connection
      throw new AnotherPeerError()
    } catch (error) {
      operation.signal.throwIfAborted()
      failure = error
    }
  }
  throw failure
}

/** Opens a stream on the first usable connection; undefined when there is none. */
const tryConnections = async (
  source: StreamSource,
  peer: PeerId,
  protocol: string,
  isUsable: (connection: Connection) => boolean,
  operation: Operation,
): Promise<Stream | undefined> => {
  for (const connection of source.connectionsTo(peer).filter(isUsable)) {
    try {
      return await openOn(source, connection, protocol, operation)
    } catch (error) {
      operation.signal.throwIfAborted()
      // The peer answered, and would answer the same on another connection.
      if (error instanceof Error && error.name === 'UnsupportedProtocolError') throw error
    }
  }
  return undefined
}

const openOn = async (
  source: StreamSource,
  connection: Connection,
  protocol: string,
  operation: Operation,
): Promise<Stream> => {
  const dead = Promise.withResolvers<never>()
  // It may reject after the stream has opened.
  dead.promise.catch(() => {})
  const check = async (): Promise<void> => {
    if (!(await source.check(connection))) dead.reject(new Error('its connection is dead.'))
  }
  // A stream can open locally on a connection that died unnoticed. The check then closes the connection and the stream.
  if (source.isStale(connection)) void check()
  const stalled = setTimeout(check, stallMs)
  const limit = AbortSignal.timeout(openMs)
  try {
    const opening = connection.newStream(protocol, {
      signal: operation.withSignal(limit).signal,
      runOnLimitedConnection: true,
    })
    const stream = await closeLate(opening, Promise.race([opening, dead.promise]))
    if (!isDirect(connection)) relayedStreams.add(stream)
    source.onUse(connection)
    return stream
  } catch (error) {
    if (limit.aborted) source.onFailure(connection)
    throw error
  } finally {
    clearTimeout(stalled)
  }
}

const relayedStreams = new WeakSet<Stream>()

/** True if a stream opened here goes through a relay. */
export const isRelayedStream = (stream: Stream): boolean => relayedStreams.has(stream)

/**
 * Starts or joins a direct dial, with its own time limit. If one failed a moment ago, WebRTC is skipped, because each
 * attempt costs an RTCPeerConnection on both sides. Other addresses cost a socket, and the caller limits how often.
 */
const dialDirect = async (node: StreamNode, peer: PeerId, operation: Operation): Promise<Connection> => {
  const { paths, gater, webRtc } = node
  const log = node.telemetry.logger('net')
  const id = peer.toString()
  const mayTryWebRtc = webRtc && paths.mayTry(id)
  const addresses = (await knownAddresses(node, peer)).filter(
    (address) => !isRelayed(address) && (mayTryWebRtc || !isWebRtc(address)),
  )
  if (addresses.length === 0 && !paths.mayTry(id)) throw new Error('there was no direct path to it a moment ago.')
  const dial = operation.detached(AbortSignal.timeout(directDialMs))
  const undoPermit = gater.permit(id)
  const end = addresses.length === 0 ? () => {} : paths.begin(id)
  try {
    let connection = await dialPeer(node.libp2p, peer, addresses, dial)
    // libp2p joins dials to the same peer, and a joined one may accept a relayed connection.
    if (!isDirect(connection)) connection = await dialPeer(node.libp2p, peer, addresses, dial)
    if (!isDirect(connection)) throw new Error('only a relay leads to it.')
    end('made')
    log.debug('dial succeeded', { peer: id })
    return connection
  } catch (error) {
    log.debug('dial failed', { peer: id, error: String(error) })
    // It may return, like a tab that reloads.
    end(isGone(error) ? 'cancelled' : 'failed')
    throw error
  } finally {
    undoPermit()
  }
}

/** Settles like `first`; if that rejects, closes a stream that opens later. */
const closeLate = async (opening: Promise<Stream>, first: Promise<Stream>): Promise<Stream> => {
  try {
    return await first
  } catch (error) {
    opening.then(
      (late) => late.abort(new Error('The request for this stream has ended.')),
      () => {},
    )
    throw error
  }
}

const short = (peerId: string): string => peerId.slice(-8)

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

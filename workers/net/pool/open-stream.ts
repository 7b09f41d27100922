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

/** Opening a stream takes at most this long, ms: two attempts to dial by WebRTC where the first one is lost. */
const defaultTimeoutMs = 10_000

/** A direct connection is waited for this long (ms); by WebRTC it takes about 300. */
const defaultRelayedAfterMs = 3_000

/** A dial for a direct connection (ms). It continues when nobody waits for it any more: the next stream may use it. */
const directDialMs = 10_000

/** A connection on which a stream takes longer than this is checked, ms: several round trips of a slow one. */
const stallMs = 1_500

/** A connection that lives, but takes up no stream within this, ms, is not waited for. */
const openMs = 5_000

export interface OpenStreamOptions {
  operation: Operation
  /** True: a relayed connection will not do. False: it is used when no direct one can be made. */
  direct: boolean
  timeoutMs?: number
  /** How long a direct connection is waited for (ms), less the time for which it has been tried already. */
  relayedAfterMs?: number
  /** What the stream will carry (bytes): of a relayed connection, one that has as much left is used. */
  bytes?: number
}

export type StreamNode = Pick<
  PeerNode,
  'libp2p' | 'isRelay' | 'gater' | 'webRtc' | 'dialable' | 'paths' | 'dialRelayed' | 'telemetry'
>

/** What the pool knows of connections. */
export interface StreamSource {
  /** Open connections to a peer, the best first. */
  connectionsTo(peer: PeerId): Connection[]
  /** How long it has been open (ms). */
  ageMs(connection: Connection): number
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
 * known, else through the relays that we are connected to. Where none is made in time, or a try failed a moment ago, a
 * relayed connection is taken, if that will do. A connection that is silent is checked meanwhile, and given up when it
 * is dead, so that it does not use up the time.
 *
 * @throws Failure `PeerUnreachable`, `Timeout` after `timeoutMs`, or `Cancelled` when the operation is cancelled; nothing else.
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
      // What has been tried for a while already is waited for so much less.
      const patienceMs = direct ? timeoutMs : relayedAfterMs - (node.paths.tryingMs(peerId) ?? 0)
      const share = direct ? limited : limited.withTimeout(Math.max(patienceMs, 0))
      try {
        const dialling = dialDirect(node, peer, operation)
        const connection = await raceSignal(dialling, share.signal)
        return await openOn(source, connection, protocol, share)
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

/** Addresses of a peer: those that it has if it holds a reservation at one of our relays, and those that it told. */
const knownAddresses = async (node: StreamNode, peer: PeerId): Promise<Multiaddr[]> => {
  const { libp2p } = node
  const told = await libp2p.peerStore.get(peer).then(
    ({ addresses }) => addresses.map(({ multiaddr }) => multiaddr),
    () => [],
  )
  const guessed = libp2p
    .getConnections()
    .filter((connection) => isDirect(connection) && node.isRelay(connection.remotePeer.toString()))
    .map(({ remoteAddr }) => addressesThrough(remoteAddr, peer.toString()))
    .flatMap(({ webRtc, relayed }) => (node.webRtc ? [webRtc, relayed] : [relayed]))
  return node.dialable(peer.toString(), [...guessed, ...told])
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

/** Through one relay after the other. There may be relayed connections to the peer, all of them used up. */
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

/** A stream on the first open connection that takes one up; undefined when none does, or there is none. */
const tryConnections = async (
  source: StreamSource,
  peer: PeerId,
  protocol: string,
  fits: (connection: Connection) => boolean,
  operation: Operation,
): Promise<Stream | undefined> => {
  for (const connection of source.connectionsTo(peer).filter(fits)) {
    try {
      return await openOn(source, connection, protocol, operation)
    } catch (error) {
      operation.signal.throwIfAborted()
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
  operation: Operation,
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

/** Whether a stream that was opened here goes through a relay. */
export const isRelayedStream = (stream: Stream): boolean => relayedStreams.has(stream)

/**
 * Begins a dial, or joins one, with a time limit of its own. Where one failed a moment ago, WebRTC is not tried again: each
 * try is an RTCPeerConnection on both sides. An address of another kind costs a socket, and the caller limits how often.
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
    // Where a query was dialling the same peer, its dial was joined, and that one may settle for a relayed connection.
    if (!isDirect(connection)) connection = await dialPeer(node.libp2p, peer, addresses, dial)
    if (!isDirect(connection)) throw new Error('only a relay leads to it.')
    end('made')
    log.debug('dial succeeded', { peer: id })
    return connection
  } catch (error) {
    log.debug('dial failed', { peer: id, error: String(error) })
    // It may be on its way back, as a tab that is loaded again.
    end(isGone(error) ? 'cancelled' : 'failed')
    throw error
  } finally {
    undoPermit()
  }
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

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

import type { Connection, IdentifyResult, PeerId, Stream } from '@libp2p/interface'
import { rtcStateOf } from '../../libp2p-internals/webrtc-state.ts'
import { type Operation, untraced } from '../../telemetry/operation.ts'
import { isDirect, isWebRtc } from '../addresses.ts'
import { maxDirectPeers } from '../create-node.ts'
import { hasBudget } from '../relayed-budget.ts'
import { createChecks } from './checks.ts'
import { type ConnectionFacts, chooseKept, duplicateConnections, type Limits, type PeerFacts } from './choose.ts'
import {
  afterLostPing,
  afterPong,
  afterRequest,
  afterUse,
  type Health,
  healthOf,
  newVitals,
  type RequestOutcome,
  type Vitals,
} from './health.ts'
import { type OpenStreamOptions, openStream, type StreamNode } from './open-stream.ts'
import { pingConnection } from './ping.ts'
import { countConnections, type PoolCounts } from './pool-counts.ts'
import { createUsefulTags } from './useful-tags.ts'

/** Interval between passes that check due connections and close idle, duplicate or excess ones (ms). */
const sweepMs = 5_000

/** Silence after which a connection is checked (ms; docs/protocol.md §10). */
const checkMs = 60_000

/** Silence before the first check (ms), where the round trip could not be measured after identify. */
const firstCheckMs = 5_000

/** Time until an unproven WebRTC connection is checked (ms); identify takes less. */
const proofCheckMs = 2_000

/**
 * Silence after which a relay is checked (ms): browsers do not notice a dead WebSocket, and others find us through it.
 */
const relayCheckMs = 10_000

/** Limit of a regular ping (ms): it can queue behind a mebibyte on a slow link. */
const pingMs = 5_000

/** Limit of an urgent ping (ms): both pings of a check take less than half the time of a request. */
const urgentPingMs = 2_000

/** Silence after which a connection is checked when it is used (ms). */
const staleMs = 10_000

/** Idle time after which a connection is closed (ms; docs/protocol.md §10). */
const idleMs = 300_000

/** Peers that are kept even when idle: a full gossip mesh, and some to choose from. */
export const keptPeers = 12

/** Time in which a new peer is not yet rated (ms): it finds peers, joins the mesh, syncs its catalogue. */
const graceMs = 30_000

/** Time for the dialling side to close the relayed connection that led to a direct one, before this side does (ms). */
const settleMs = 5_000

const closeTimeoutMs = 1_000

export interface PooledPeer {
  id: PeerId
  /** Its best connection: a working direct one, if there is one. */
  connection: Connection
  /** True if that connection is direct and proven. */
  direct: boolean
  health: Health
  /** Smoothed round trip (ms); undefined until measured. */
  rttMs: number | undefined
  /** True for a peer that is kept even when idle. */
  kept: boolean
}

export interface Pool {
  /** Peers with a proven direct connection, without relays. */
  directPeers(): PeerId[]
  /** Every connected peer once, relays included; without peers whose only connections are unproven. */
  peers(): PooledPeer[]
  /** Connected peers by path, and connections by health: cheap enough for every second. */
  counts(): PoolCounts
  /** Open connections to a peer, the best first: direct, healthy, new. */
  connectionsTo(peer: PeerId): Connection[]
  /**
   * Opens a stream to a peer, on its direct connection if there is one.
   * @throws Failure `PeerUnreachable`, `Timeout`, or `Cancelled`; nothing else.
   */
  openStream(peer: string, protocol: string, options: OpenStreamOptions): Promise<Stream>
  /** The state of the direct path to a peer. */
  directPath(peer: string): 'open' | 'possible' | 'failed'
  /** Reports the outcome of a request to or from a peer. */
  report(peer: string, outcome: RequestOutcome): void
  /**
   * Pings a peer on its best connection, and counts the outcome for the health of that connection. Resolves with the
   * round trip (ms); undefined without an answer in time or without a connection. Rejects only when cancelled.
   */
  ping(peer: string, operation: Operation): Promise<number | undefined>
  /** Closes all connections to a peer gracefully; it may connect again. */
  disconnect(peer: string): Promise<void>
  /** Closes all connections to a peer at once. */
  drop(peer: string, reason: string): void
  /** Checks every connection at once: the machine woke up or went online. */
  wake(): void
  stop(): void
}

export interface PoolOptions {
  /** The connections or their health changed. */
  onChange(): void
  /** Reputation, in [0, 1]. */
  scoreOf?(peer: string): number
  inMesh?(peer: string): boolean
  limits?: Partial<Limits>
  ping?: typeof pingConnection
}

/**
 * Tracks the health of all connections of this node, opens streams on the best one, and closes those that are dead,
 * duplicate, idle or over the limit.
 *
 * A connection counts as direct when its RTCPeerConnection is connected and has carried an answer: WebRTC connections
 * have no handshake, so one may look open to one side only.
 *
 * The round trip is measured as soon as a connection is identified. Connections are checked after 60 s of silence (10 s for a relay), when used after 10 s of
 * silence, when a request failed, and on `wake`. A connection that leaves two pings unanswered is dead and closed with
 * its streams. So a request on a dead connection ends within 4 s, or by its own timeout. The pool keeps one direct
 * connection per peer and closes the relayed one that led to it. It keeps at most 24 direct peers; beyond the 12 most
 * useful, only those used in the last 300 s. The relay set and the peer finder do the dialling.
 */
export const createPool = (node: StreamNode, options: PoolOptions): Pool => {
  const { libp2p, isRelay } = node
  const { tracer, logger } = node.telemetry
  const log = logger('pool')
  const { onChange, scoreOf = () => 0, inMesh = () => false, ping = pingConnection } = options
  const limits: Limits = { keep: keptPeers, max: maxDirectPeers, idleMs, graceMs, ...options.limits }
  const self = libp2p.peerId.toString()
  const tracked = new Map<string, TrackedConnection>()
  const tagUseful = createUsefulTags(node)
  const stopped = new AbortController()
  let kept = new Set<string>()

  const now = (): number => performance.now()

  const open = (): Connection[] => libp2p.getConnections().filter(({ status }) => status === 'open')

  const to = (peer: string): Connection[] => open().filter(({ remotePeer }) => remotePeer.toString() === peer)

  const track = (connection: Connection): TrackedConnection => {
    const found = tracked.get(connection.id)
    if (found !== undefined) return found
    const fresh: TrackedConnection = {
      vitals: newVitals(now()),
      openedAt: now(),
      identified: false,
      // All other transports have a handshake.
      proven: !isWebRtc(connection.remoteAddr),
    }
    tracked.set(connection.id, fresh)
    return fresh
  }

  const healthIn = (connection: Connection): Health => healthOf(track(connection).vitals)

  const worksDirectly = (connection: Connection): boolean => {
    if (!isDirect(connection) || !track(connection).proven) return false
    const state = rtcStateOf(connection)
    return state === undefined || state === 'connected'
  }

  const prove = (connection: Connection): void => {
    const entry = track(connection)
    if (entry.proven) return
    entry.proven = true
    if (stopped.signal.aborted) return
    trim()
    onChange()
  }

  const connectionsTo = (peer: PeerId): Connection[] =>
    to(peer.toString())
      .filter((connection) => healthIn(connection).state !== 'unhealthy')
      .sort(
        (a, b) =>
          Number(worksDirectly(b)) - Number(worksDirectly(a)) ||
          Number(isDirect(b)) - Number(isDirect(a)) ||
          Number(healthIn(b).state === 'healthy') - Number(healthIn(a).state === 'healthy') ||
          track(b).openedAt - track(a).openedAt,
      )

  const directPeers = (): PeerId[] => {
    const peers = new Map<string, PeerId>()
    for (const connection of open()) {
      const id = connection.remotePeer.toString()
      if (worksDirectly(connection) && !isRelay(id)) peers.set(id, connection.remotePeer)
    }
    return [...peers.values()]
  }

  const updateVitals = (connection: Connection, change: (vitals: Vitals) => Vitals): void => {
    const entry = track(connection)
    const before = healthOf(entry.vitals)
    entry.vitals = change(entry.vitals)
    const after = healthOf(entry.vitals)
    if (before.state === after.state && JSON.stringify(before.reason) === JSON.stringify(after.reason)) return
    // Others still reach us through a relay whose requests fail; only silence closes it.
    const fatal =
      after.state === 'unhealthy' && (entry.vitals.lostPings > 0 || !isRelay(connection.remotePeer.toString()))
    log.debug('connection health changed', {
      peer: connection.remotePeer.toString(),
      state: after.state,
      reason: after.reason?.code ?? 'none',
      closed: fatal,
    })
    if (fatal) connection.abort(new Error(after.reason?.code))
    if (!stopped.signal.aborted) onChange()
  }

  const check = createChecks({
    tracer,
    ping,
    now,
    stopped: stopped.signal,
    onPong(connection, rttMs) {
      prove(connection)
      updateVitals(connection, (vitals) => afterPong(vitals, rttMs, now()))
    },
    onLost: (connection, sentAt) => updateVitals(connection, (vitals) => afterLostPing(vitals, sentAt, now())),
  })

  /** Measures the round trip of a new connection. A lost ping means nothing while the initial exchanges fill the link. */
  const measure = async (connection: Connection): Promise<void> => {
    const entry = track(connection)
    if (entry.vitals.rttMs !== undefined || entry.isMeasuring) return
    entry.isMeasuring = true
    try {
      const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(pingMs)])
      const rttMs = await ping(connection, untraced(signal))
      updateVitals(connection, (vitals) => afterPong(vitals, rttMs, now()))
      if (!stopped.signal.aborted) onChange()
    } catch {
      // The next sweep checks it.
    }
    entry.isMeasuring = false
  }

  const closeDuplicates = (peer: string): void => {
    if (isRelay(peer)) return
    const connections = to(peer)
    if (connections.length < 2) return
    const duplicates = duplicateConnections(connections.map(factsOf), { isLower: self < peer, now: now() })
    const toClose = new Set(duplicates.map(({ id }) => id))
    for (const connection of connections) if (toClose.has(connection.id)) void close(connection)
  }

  const factsOf = (connection: Connection): ConnectionFacts => {
    const { openedAt, identified } = track(connection)
    return {
      id: connection.id,
      direct: isDirect(connection),
      openedAt,
      // The answer to our dial shows that the other side has finished too; for an inbound connection only time does.
      settled: identified && (connection.direction === 'outbound' || now() - openedAt >= settleMs),
      busyStreams: connection.streams.filter(({ protocol }) => !setupProtocols.has(protocol)).length,
    }
  }

  const closePeer = (peer: string): void => {
    for (const connection of to(peer)) void close(connection)
  }

  const peerFacts = (): PeerFacts[] =>
    directPeers().map((id) => {
      const peer = id.toString()
      const entries = to(peer).map(track)
      return {
        peer,
        inMesh: inMesh(peer),
        score: scoreOf(peer),
        usedAt: Math.max(...entries.map(({ vitals }) => vitals.usedAt)),
        openedAt: Math.min(...entries.map(({ openedAt }) => openedAt)),
      }
    })

  const trim = (): void => {
    const choice = chooseKept(peerFacts(), limits, now())
    kept = new Set(choice.kept)
    for (const peer of [...choice.idle, ...choice.overLimit]) closePeer(peer)
    tagUseful(open(), kept)
  }

  const sweep = (): void => {
    const living = new Set(libp2p.getConnections().map(({ id }) => id))
    for (const id of tracked.keys()) if (!living.has(id)) tracked.delete(id)
    for (const connection of open()) {
      const peer = connection.remotePeer.toString()
      const entry = track(connection)
      const dueMs = entry.vitals.rttMs === undefined ? firstCheckMs : isRelay(peer) ? relayCheckMs : checkMs
      if (factsOf(connection).busyStreams > 0 && hasRequest(connection)) entry.vitals = afterUse(entry.vitals, now())
      if (now() - entry.vitals.checkedAt >= dueMs) void check(connection, pingMs)
      // A relayed connection leads to a direct one, or is the only path; an idle or used-up one is neither.
      if (!isDirect(connection) && isLeftOver(connection, entry)) void close(connection)
      closeDuplicates(peer)
    }
    trim()
  }

  /** True for a relayed connection that has been idle for long, or whose budget is used up. */
  const isLeftOver = (connection: Connection, { vitals, openedAt }: TrackedConnection): boolean =>
    (node.webRtc && now() - vitals.usedAt >= limits.idleMs) ||
    (factsOf(connection).busyStreams === 0 && !hasBudget(connection, now() - openedAt, 0))

  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    const entry = track(connection)
    if (!isDirect(connection)) return
    const checkProof = (): void => {
      if (!entry.proven && connection.status === 'open') void check(connection, urgentPingMs)
    }
    if (!entry.proven) entry.proofTimer = setTimeout(checkProof, proofCheckMs)
    trim()
    closeDuplicates(connection.remotePeer.toString())
  }

  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    clearTimeout(tracked.get(connection.id)?.proofTimer)
    tracked.delete(connection.id)
    // Gossip may have lost its stream with this connection, and opens a new one only after another identify.
    const left = to(connection.remotePeer.toString()).find(isDirect)
    if (left !== undefined && isDirect(connection) && !stopped.signal.aborted)
      libp2p.services.identify.identify(left, { signal: AbortSignal.timeout(pingMs) }).catch(() => {})
  }

  const onIdentify = ({ detail: { connection } }: CustomEvent<IdentifyResult>): void => {
    if (connection.status !== 'open') return
    const entry = track(connection)
    entry.identified = true
    prove(connection)
    entry.vitals = { ...entry.vitals, aliveAt: now(), checkedAt: now() }
    void measure(connection)
    closeDuplicates(connection.remotePeer.toString())
  }

  for (const connection of open()) track(connection)
  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('connection:close', onClose)
  libp2p.addEventListener('peer:identify', onIdentify)
  const timer = setInterval(sweep, sweepMs)

  const source = {
    connectionsTo,
    ageMs: (connection: Connection) => now() - track(connection).openedAt,
    isStale: (connection: Connection) => now() - track(connection).vitals.aliveAt >= staleMs,
    check: (connection: Connection) => check(connection, urgentPingMs),
    onUse: (connection: Connection) => updateVitals(connection, (vitals) => afterUse(vitals, now())),
    onFailure: (connection: Connection) => updateVitals(connection, (vitals) => afterRequest(vitals, 'failed', now())),
  }

  return {
    directPeers,
    counts: () =>
      countConnections(open(), { isRelay, worksDirectly, healthOf: (connection) => healthIn(connection).state }),
    connectionsTo,
    peers() {
      const best = new Map<string, Connection>()
      for (const connection of open()) {
        const connections = connectionsTo(connection.remotePeer)
        // Unproven direct connections are not shown.
        const first = connections.find((each) => worksDirectly(each) || !isDirect(each))
        if (first !== undefined) best.set(connection.remotePeer.toString(), first)
        else if (connections.length === 0) best.set(connection.remotePeer.toString(), connection)
      }
      return [...best].map(([peer, connection]) => ({
        id: connection.remotePeer,
        connection,
        direct: worksDirectly(connection),
        health: healthIn(connection),
        kept: isRelay(peer) || kept.has(peer),
        rttMs: track(connection).vitals.rttMs,
      }))
    },
    openStream: (peer, protocol, streamOptions) => openStream(node, source, peer, protocol, streamOptions),
    directPath(peer) {
      if (to(peer).some(worksDirectly)) return 'open'
      return node.webRtc && node.paths.mayTry(peer) ? 'possible' : 'failed'
    },
    report(peer, outcome) {
      const [connection] = to(peer).sort((a, b) => track(b).vitals.usedAt - track(a).vitals.usedAt)
      if (connection === undefined) return
      updateVitals(connection, (vitals) => afterRequest(vitals, outcome, now()))
      if (outcome === 'failed') void check(connection, urgentPingMs)
    },
    async ping(peer, operation) {
      const [first] = to(peer)
      const connection = first === undefined ? undefined : (connectionsTo(first.remotePeer)[0] ?? first)
      if (connection === undefined) return undefined
      const sentAt = now()
      try {
        const rttMs = await ping(connection, operation.withTimeout(pingMs))
        prove(connection)
        updateVitals(connection, (vitals) => afterPong(vitals, rttMs, now()))
        return rttMs
      } catch {
        operation.signal.throwIfAborted()
        if (connection.status === 'open') updateVitals(connection, (vitals) => afterLostPing(vitals, sentAt, now()))
        return undefined
      }
    },
    async disconnect(peer) {
      await Promise.all(to(peer).map(close))
    },
    drop(peer, reason) {
      for (const connection of to(peer)) connection.abort(new Error(reason))
    },
    wake() {
      for (const connection of open()) void check(connection, urgentPingMs)
    },
    stop() {
      stopped.abort()
      clearInterval(timer)
      for (const { proofTimer } of tracked.values()) clearTimeout(proofTimer)
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
      libp2p.removeEventListener('peer:identify', onIdentify)
    },
  }
}

interface TrackedConnection {
  vitals: Vitals
  openedAt: number
  identified: boolean
  /** It has carried an answer. */
  proven: boolean
  /** Its first round trip is being measured. */
  isMeasuring?: boolean
  /** Checks it if it is not proven by then. */
  proofTimer?: ReturnType<typeof setTimeout>
}

/** Protocols of the connection setup, which do not count as use. */
const setupProtocols = new Set([
  '',
  '/ipfs/id/1.0.0',
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0',
  '/webrtc-signaling/0.0.1',
])

/** Gossip streams stay open permanently, so they do not count as use. */
const hasRequest = (connection: Connection): boolean =>
  connection.streams.some(({ protocol }) => !setupProtocols.has(protocol) && !protocol.startsWith('/meshsub/'))

const close = async (connection: Connection): Promise<void> => {
  try {
    await connection.close({ signal: AbortSignal.timeout(closeTimeoutMs) })
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

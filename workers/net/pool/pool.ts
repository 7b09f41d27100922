import type { Connection, IdentifyResult, PeerId, Stream } from '@libp2p/interface'
import { rtcStateOf } from '../../libp2p-internals/webrtc-state.ts'
import { isDirect, isWebRtc } from '../addresses.ts'
import { maxDirectPeers } from '../create-node.ts'
import { hasBudget } from '../relayed-budget.ts'
import { createChecks } from './checks.ts'
import { type ConnectionFacts, chooseKept, type Limits, type PeerFacts, superfluous } from './choose.ts'
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
import { createUsefulTags } from './useful-tags.ts'

/** How often the pool looks at itself, ms: what is due is checked, what is idle or too many is closed. */
const lookMs = 5_000

/** A connection is checked when nothing was heard of it for so long, ms (docs/protocol.md §10). */
const checkMs = 60_000

/** The first time sooner, ms: how far away a peer is shows soon, and not while the two still get to know each other. */
const firstCheckMs = 5_000

/** A WebRTC connection over which nothing came back yet is checked after this long (ms): being identified takes less. */
const provenMs = 2_000

/** One to a relay oftener, ms: no browser notices that its WebSocket died, and others find this tab only through it. */
const relayCheckMs = 10_000

/** A regular ping may take so long, ms: it can stand behind a mebibyte on a slow line. */
const pingMs = 5_000

/** One on which somebody waits, ms; both pings of a check then take less than half of what a request may take. */
const urgentPingMs = 2_000

/** A connection on which nothing was heard for so long is checked when it is used, ms. */
const staleMs = 10_000

/** A connection without use for this long is closed (ms; docs/protocol.md §10). */
const idleMs = 300_000

/** Peers that are kept without anything being asked of them: a full gossip mesh, and some to choose from. */
export const keptPeers = 12

/** A peer is not one of the least useful in its first ms: it meets others, joins the mesh, hands over its catalogue. */
const graceMs = 30_000

/** The side that dialled closes the relayed connection it came by; the other one, if that did not happen in this time, ms. */
const settleMs = 5_000

const closeTimeoutMs = 1_000

export interface PooledPeer {
  id: PeerId
  /** The best of its connections: a direct one that works, if there is one. */
  connection: Connection
  /** Whether that connection is direct, and has shown that it works. */
  direct: boolean
  health: Health
  /** Smoothed round trip, ms; undefined until one was measured. */
  rttMs: number | undefined
  /** True for one that is kept although it is idle. */
  kept: boolean
}

export interface Pool {
  /** Peers with a direct connection that works: something came back over it. Relays are not counted. */
  directPeers(): PeerId[]
  /** Every connected peer once, relays included; without those of which nothing is known but that a connection opened. */
  peers(): PooledPeer[]
  /** Open connections to a peer, the best first: direct, healthy, new. */
  connectionsTo(peer: PeerId): Connection[]
  /**
   * A stream to a peer, on its direct connection where there is one.
   * @throws Failure `PeerUnreachable`, `Timeout`, or `Cancelled`; nothing else.
   */
  openStream(peer: string, protocol: string, options: OpenStreamOptions): Promise<Stream>
  /** The state of the direct path to a peer. */
  directPath(peer: string): 'there' | 'possible' | 'failed'
  /** How a request to a peer, or one of its to us, ended. */
  report(peer: string, outcome: RequestOutcome): void
  /** Closes all connections to a peer at once. */
  drop(peer: string, reason: string): void
  /** Checks every connection at once: the machine woke up, or went online. */
  wake(): void
  stop(): void
}

export interface PoolOptions {
  /** Something about the connections or their health has changed. */
  onChange(): void
  /** Reputation, in [0, 1]. */
  scoreOf?(peer: string): number
  inMesh?(peer: string): boolean
  limits?: Partial<Limits>
  ping?: typeof pingConnection
}

/**
 * All connections of this node: knows how well each works, gives out streams on the best one, and closes those that are
 * dead, twofold, idle or too many.
 *
 * A connection counts as direct when its RTCPeerConnection is connected and something came back over it: WebRTC connections
 * are made without a handshake, so that one may seem open to one side alone.
 *
 * A connection is checked 5 s after it came about, when nothing was heard of it for 60 s (10 s to a relay), when it is
 * used after 10 s of silence, when a request over it failed, and on `wake`. Dead is one that leaves two pings unanswered:
 * its streams end then. So a request on a dead connection ends within 4 s of its start, or by its own timeout. One direct
 * connection is kept to a peer; the relayed one that led to it is closed. At most 24 direct peers stay, and of those
 * beyond the 12 most useful only the ones that were used in the last 300 s. It dials nobody: that is for the relay keeper
 * and the peer finder.
 */
export const createPool = (node: StreamNode, options: PoolOptions): Pool => {
  const { libp2p, isRelay } = node
  const { tracer, logger } = node.telemetry
  const log = logger('pool')
  const { onChange, scoreOf = () => 0, inMesh = () => false, ping = pingConnection } = options
  const limits: Limits = { keep: keptPeers, max: maxDirectPeers, idleMs, graceMs, ...options.limits }
  const self = libp2p.peerId.toString()
  const known = new Map<string, Known>()
  const tagUseful = createUsefulTags(node)
  const stopped = new AbortController()
  let kept = new Set<string>()

  const now = (): number => performance.now()

  const open = (): Connection[] => libp2p.getConnections().filter(({ status }) => status === 'open')

  const to = (peer: string): Connection[] => open().filter(({ remotePeer }) => remotePeer.toString() === peer)

  const meet = (connection: Connection): Known => {
    const found = known.get(connection.id)
    if (found !== undefined) return found
    const fresh: Known = {
      vitals: newVitals(now()),
      openedAt: now(),
      identified: false,
      // Any other transport ends with a handshake.
      proven: !isWebRtc(connection.remoteAddr),
    }
    known.set(connection.id, fresh)
    return fresh
  }

  const healthIn = (connection: Connection): Health => healthOf(meet(connection).vitals)

  const worksDirectly = (connection: Connection): boolean => {
    if (!isDirect(connection) || !meet(connection).proven) return false
    const state = rtcStateOf(connection)
    return state === undefined || state === 'connected'
  }

  const prove = (connection: Connection): void => {
    const entry = meet(connection)
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
          meet(b).openedAt - meet(a).openedAt,
      )

  const directPeers = (): PeerId[] => {
    const peers = new Map<string, PeerId>()
    for (const connection of open()) {
      const id = connection.remotePeer.toString()
      if (worksDirectly(connection) && !isRelay(id)) peers.set(id, connection.remotePeer)
    }
    return [...peers.values()]
  }

  const see = (connection: Connection, change: (vitals: Vitals) => Vitals): void => {
    const entry = meet(connection)
    const before = healthOf(entry.vitals)
    entry.vitals = change(entry.vitals)
    const after = healthOf(entry.vitals)
    if (before.state === after.state && JSON.stringify(before.reason) === JSON.stringify(after.reason)) return
    // A relay that serves badly is still the one by which others come; only silence ends it.
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
      see(connection, (vitals) => afterPong(vitals, rttMs, now()))
    },
    onLost: (connection, sentAt) => see(connection, (vitals) => afterLostPing(vitals, sentAt, now())),
  })

  const closeSuperfluous = (peer: string): void => {
    if (isRelay(peer)) return
    const connections = to(peer)
    if (connections.length < 2) return
    const toClose = superfluous(connections.map(factsOf), { isLower: self < peer, now: now() }).map(({ id }) => id)
    for (const connection of connections) if (toClose.includes(connection.id)) void close(connection)
  }

  const factsOf = (connection: Connection): ConnectionFacts => {
    const { openedAt, identified } = meet(connection)
    return {
      id: connection.id,
      direct: isDirect(connection),
      openedAt,
      // The answer to a dial shows that the other side has finished, too; of one that came in, only time does.
      settled: identified && (connection.direction === 'outbound' || now() - openedAt >= settleMs),
      busyStreams: connection.streams.filter(({ protocol }) => !connectingProtocols.has(protocol)).length,
    }
  }

  const closePeer = (peer: string): void => {
    for (const connection of to(peer)) void close(connection)
  }

  const peerFacts = (): PeerFacts[] =>
    directPeers().map((id) => {
      const peer = id.toString()
      const entries = to(peer).map(meet)
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
    for (const peer of [...choice.idle, ...choice.tooMany]) closePeer(peer)
    tagUseful(open(), kept)
  }

  const look = (): void => {
    const living = new Set(libp2p.getConnections().map(({ id }) => id))
    for (const id of known.keys()) if (!living.has(id)) known.delete(id)
    for (const connection of open()) {
      const peer = connection.remotePeer.toString()
      const entry = meet(connection)
      const dueMs = entry.vitals.rttMs === undefined ? firstCheckMs : isRelay(peer) ? relayCheckMs : checkMs
      if (factsOf(connection).busyStreams > 0 && hasRequest(connection)) entry.vitals = afterUse(entry.vitals, now())
      if (now() - entry.vitals.checkedAt >= dueMs) void check(connection, pingMs)
      // A relayed connection is a way to a direct one, or all there is; nobody needs one that nothing runs over.
      if (!isDirect(connection) && isLeftOver(connection, entry)) void close(connection)
      closeSuperfluous(peer)
    }
    trim()
  }

  /** A relayed connection that was not used for long, or that cannot carry anything more. */
  const isLeftOver = (connection: Connection, { vitals, openedAt }: Known): boolean =>
    (node.webRtc && now() - vitals.usedAt >= limits.idleMs) ||
    (factsOf(connection).busyStreams === 0 && !hasBudget(connection, now() - openedAt, 0))

  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    const entry = meet(connection)
    if (!isDirect(connection)) return
    const proving = (): void => {
      if (!entry.proven && connection.status === 'open') void check(connection, urgentPingMs)
    }
    if (!entry.proven) entry.proof = setTimeout(proving, provenMs)
    trim()
    closeSuperfluous(connection.remotePeer.toString())
  }

  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    clearTimeout(known.get(connection.id)?.proof)
    known.delete(connection.id)
    // Gossip had its stream on the connection that went, and makes no new one: being identified again makes it.
    const left = to(connection.remotePeer.toString()).find(isDirect)
    if (left !== undefined && isDirect(connection) && !stopped.signal.aborted)
      libp2p.services.identify.identify(left, { signal: AbortSignal.timeout(pingMs) }).catch(() => {})
  }

  const onIdentify = ({ detail: { connection } }: CustomEvent<IdentifyResult>): void => {
    if (connection.status !== 'open') return
    const entry = meet(connection)
    entry.identified = true
    prove(connection)
    entry.vitals = { ...entry.vitals, aliveAt: now(), checkedAt: now() }
    closeSuperfluous(connection.remotePeer.toString())
  }

  for (const connection of open()) meet(connection)
  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('connection:close', onClose)
  libp2p.addEventListener('peer:identify', onIdentify)
  const timer = setInterval(look, lookMs)

  const source = {
    connectionsTo,
    ageMs: (connection: Connection) => now() - meet(connection).openedAt,
    isStale: (connection: Connection) => now() - meet(connection).vitals.aliveAt >= staleMs,
    check: (connection: Connection) => check(connection, urgentPingMs),
    onUse: (connection: Connection) => see(connection, (vitals) => afterUse(vitals, now())),
    onFailure: (connection: Connection) => see(connection, (vitals) => afterRequest(vitals, 'failed', now())),
  }

  return {
    directPeers,
    connectionsTo,
    peers() {
      const best = new Map<string, Connection>()
      for (const connection of open()) {
        const connections = connectionsTo(connection.remotePeer)
        // What has not shown yet that it works is nothing to show.
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
        rttMs: meet(connection).vitals.rttMs,
      }))
    },
    openStream: (peer, protocol, streamOptions) => openStream(node, source, peer, protocol, streamOptions),
    directPath(peer) {
      if (to(peer).some(worksDirectly)) return 'there'
      return node.webRtc && node.paths.mayTry(peer) ? 'possible' : 'failed'
    },
    report(peer, outcome) {
      const [connection] = to(peer).sort((a, b) => meet(b).vitals.usedAt - meet(a).vitals.usedAt)
      if (connection === undefined) return
      see(connection, (vitals) => afterRequest(vitals, outcome, now()))
      if (outcome === 'failed') void check(connection, urgentPingMs)
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
      for (const { proof } of known.values()) clearTimeout(proof)
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
      libp2p.removeEventListener('peer:identify', onIdentify)
    },
  }
}

interface Known {
  vitals: Vitals
  openedAt: number
  identified: boolean
  /** Something came back over it. */
  proven: boolean
  /** Checks it, where nothing has come back yet. */
  proof?: ReturnType<typeof setTimeout>
}

/** Streams that a connection has because it is being made, and not because somebody uses it. */
const connectingProtocols = new Set([
  '',
  '/ipfs/id/1.0.0',
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0',
  '/webrtc-signaling/0.0.1',
])

/** Gossip keeps its streams open for good, so they say nothing about use. */
const hasRequest = (connection: Connection): boolean =>
  connection.streams.some(({ protocol }) => !connectingProtocols.has(protocol) && !protocol.startsWith('/meshsub/'))

const close = async (connection: Connection): Promise<void> => {
  try {
    await connection.close({ signal: AbortSignal.timeout(closeTimeoutMs) })
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

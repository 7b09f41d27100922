import type { Connection, IdentifyResult, PeerId, PeerInfo } from '@libp2p/interface'
import type { Step } from '../contract/views.ts'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import { createTokenBucket } from '../stack/token-bucket.ts'
import { type Operation, untraced } from '../telemetry/operation.ts'
import { isDirect } from './addresses.ts'
import type { PeerNode } from './create-node.ts'
import { createDialler, type DiallerOptions } from './dialler.ts'
import { keptPeers, type Pool } from './pool/pool.ts'

/** Delay between rounds while there are too few peers (ms); it doubles up to the maximum. */
const firstRoundDelayMs = 200
const maxRoundDelayMs = 30_000

/** Limit of one request (ms): a round trip. Slower peers are not worth waiting for. */
const requestTimeoutMs = 2_000

/** Requests per minute, because others may connect, identify and leave as often as they like. */
const maxRequestsAMinute = 60

/** Peers taken from one answer (k of Kademlia). */
const maxNamed = 20

/** Tabs queried in each round besides all relays: they know peers of other relays. */
const tabsPerRound = 3

export interface PeerFinder {
  /** The state of direct connections. */
  step(): Step
  /** Starts a round and dials at once: the machine woke up or went online. */
  wake(): void
  stop(): void
}

export interface PeerFinderOptions extends Pick<DiallerOptions, 'rtcCounts' | 'steps'> {
  onChange(): void
  /** Requests the peers closest to `key` from a connected peer; empty when it does not answer. */
  requestClosestPeers(peer: PeerId, key: Uint8Array, operation: Operation): Promise<PeerInfo[]>
  target?: number
  /** True for peers that must not be dialled, such as banned ones. */
  avoid?(peerId: string): boolean
  /** Peers of earlier sessions, dialled before any relay has answered. */
  knownPeers?: readonly PeerInfo[]
}

/**
 * Finds other tabs and hands them to the dialler, until there are enough.
 *
 * A relay is a DHT server that knows its connected tabs, so the finder requests the peers closest to this node, then to
 * random keys (FIND_NODE), from relays and connected tabs. It does so when a relay or a dialled peer has been
 * identified, when a connection was lost, and periodically while there are too few peers. Known peers are dialled at
 * once. While named peers are dialled, tabs are not queried.
 */
export const createPeerFinder = (node: PeerNode, pool: Pool, options: PeerFinderOptions): PeerFinder => {
  const { libp2p, isRelay } = node
  const log = node.telemetry.logger('net')
  const {
    onChange,
    requestClosestPeers,
    rtcCounts,
    steps,
    avoid = () => false,
    target = keptPeers,
    knownPeers = [],
  } = options
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let roundDelayMs = firstRoundDelayMs
  /** Tabs not queried yet, because earlier named peers were still being dialled. */
  const pendingTabs = new Map<string, PeerId>()
  let rounds = 0
  let lastStep = ''

  const changed = (): void => {
    requestPending()
    const now = JSON.stringify([step(), pool.directPeers().length])
    if (now === lastStep || stopped.signal.aborted) return
    lastStep = now
    onChange()
  }

  const dialler = createDialler(node, pool, {
    target,
    avoid,
    onChange: changed,
    ...(steps === undefined ? {} : { steps }),
    ...(rtcCounts === undefined ? {} : { rtcCounts }),
  })

  const neighbours = libp2p.peerId.toMultihash().bytes

  const requests = createTokenBucket({ perSecond: maxRequestsAMinute / 60, burst: maxRequestsAMinute }, () =>
    performance.now(),
  )

  /** Without a span: rounds are frequent and never end, and what they lead to is dials. */
  const begin = <T>(work: (operation: Operation) => Promise<T>): Promise<T> =>
    work(untraced(AbortSignal.any([stopped.signal, AbortSignal.timeout(requestTimeoutMs)])))

  const requestFrom = async (peer: PeerId, key: Uint8Array, operation: Operation): Promise<void> => {
    if (!requests.tryTake()) return
    const named = (await requestClosestPeers(peer, key, operation)).slice(0, maxNamed)
    log.debug('peer named others', { peer: peer.toString(), named: named.length })
    dialler.consider(named, 'named')
  }

  /**
   * One round. If requested during a round, another follows, because that one missed relays that connected meanwhile.
   */
  const searching = createCoalescedRun(async () => {
    if (stopped.signal.aborted || pool.directPeers().length >= target) return
    clearTimeout(timer)
    timer = undefined
    // The first round finds our neighbours; later ones use random keys, so that every peer is found by many.
    const key = rounds === 0 ? neighbours : crypto.getRandomValues(new Uint8Array(32))
    const peers = sources()
    if (peers.length > 0) rounds += 1
    await begin((operation) => Promise.allSettled(peers.map((peer) => requestFrom(peer, key, operation))))
    if (stopped.signal.aborted) return
    changed()
    searchLater()
    roundDelayMs = Math.min(roundDelayMs * 2, maxRoundDelayMs)
  })

  const search = (): void => void searching.ask()

  const requestPending = (): void => {
    if (pendingTabs.size === 0 || dialler.isBusy()) return
    const peers = [...pendingTabs.values()]
    pendingTabs.clear()
    if (pool.directPeers().length >= target) return
    for (const peer of peers) requestNeighbours(peer)
  }

  const requestNeighbours = (peer: PeerId): void =>
    void begin((operation) => requestFrom(peer, neighbours, operation)).catch(() => {})

  const searchLater = (): void => {
    timer ??= setTimeout(
      () => {
        timer = undefined
        search()
      },
      roundDelayMs * (0.75 + Math.random() / 2),
    )
  }

  const searchSoon = (): void => {
    roundDelayMs = firstRoundDelayMs
    search()
  }

  /** The peers to query: all connected relays, and a few tabs unless the dialler is busy. */
  const sources = (): PeerId[] => {
    const relays = new Map<string, PeerId>()
    for (const { remotePeer, status } of libp2p.getConnections())
      if (status === 'open' && isRelay(remotePeer.toString())) relays.set(remotePeer.toString(), remotePeer)
    if (relays.size > 0 && dialler.isBusy()) return [...relays.values()]
    return [...relays.values(), ...shuffled(pool.directPeers()).slice(0, tabsPerRound)]
  }

  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    if (!isRelay(connection.remotePeer.toString()) && isDirect(connection)) dialler.pump()
  }

  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    if (isRelay(connection.remotePeer.toString()) || (node.webRtc && !isDirect(connection))) return
    pendingTabs.delete(connection.remotePeer.toString())
    changed()
    // With half the peers left there is no hurry, and all peers of the lost one would otherwise query at the same
    // moment.
    if (pool.directPeers().length < target / 2) searchSoon()
    else searchLater()
  }

  const onIdentify = ({ detail: { peerId, connection } }: CustomEvent<IdentifyResult>): void => {
    if (isRelay(peerId.toString())) searchSoon()
    // A peer that dialled us is new itself and knows fewer peers.
    else if (isDirect(connection) && connection.direction === 'outbound' && pool.directPeers().length < target) {
      if (dialler.isBusy()) pendingTabs.set(peerId.toString(), peerId)
      else requestNeighbours(peerId)
    }
  }

  const isAnyRelayed = (): boolean =>
    libp2p
      .getConnections()
      .some((each) => each.status === 'open' && !isDirect(each) && !isRelay(each.remotePeer.toString()))

  function step(): Step {
    if (pool.directPeers().length > 0) return { state: 'ok' }
    if (!node.webRtc) return { state: 'failed', reason: { code: 'no-webrtc' } }
    // What failed stays failed until it succeeds: the line in the page would flicker otherwise.
    const trouble = dialler.trouble()
    if (trouble !== undefined) return { state: 'failed', reason: { code: trouble } }
    if (dialler.dialing() > 0)
      return { state: 'working', reason: { code: 'peers-connecting', count: dialler.dialing() } }
    if (sources().length === 0) return { state: 'waiting', reason: { code: 'no-relay-to-find-peers' } }
    if (isAnyRelayed()) return { state: 'working', reason: { code: 'peers-through-relay' } }
    return { state: 'waiting', reason: { code: 'no-peers-here' } }
  }

  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('connection:close', onClose)
  libp2p.addEventListener('peer:identify', onIdentify)
  // In a microtask, because `onChange` may read the finder, which the caller has only after this returns.
  queueMicrotask(() => {
    if (knownPeers.length > 0) dialler.consider(knownPeers, 'known')
    search()
  })

  return {
    step,
    wake() {
      searchSoon()
      dialler.wake()
    },
    stop() {
      stopped.abort()
      clearTimeout(timer)
      dialler.stop()
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
      libp2p.removeEventListener('peer:identify', onIdentify)
    },
  }
}

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)

import type { Connection, IdentifyResult, PeerId, PeerInfo } from '@libp2p/interface'
import type { Step } from '../contract/views.ts'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import { createTokenBucket } from '../stack/token-bucket.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import { isDirect } from './addresses.ts'
import type { PeerNode } from './create-node.ts'
import { createDialler, type DiallerOptions } from './dialler.ts'
import { keptPeers, type Pool } from './pool/pool.ts'

/** While there are too few peers, others are asked again after this long, ms, doubled up to the second. */
const firstAskDelayMs = 200
const maxAskDelayMs = 30_000

/** One question, ms: a round trip; a peer that is slower than this is no loss. */
const askTimeoutMs = 2_000

/** Questions in a minute: others may connect, identify themselves and go as often as they like. */
const maxQuestionsAMinute = 60

/** Peers taken from one answer (k of Kademlia). */
const maxNamed = 20

/** Tabs asked in one round, beside all relays: they know peers that use other relays. */
const tabsAsked = 3

export interface PeerFinder {
  /** How it stands with direct connections. */
  step(): Step
  /** Asks and dials at once: the machine woke up, or went online. */
  wake(): void
  stop(): void
}

export interface PeerFinderOptions extends Pick<DiallerOptions, 'rtcCounts'> {
  onChange(): void
  /** Peers that a connected peer knows closest to `key`, with their addresses; none when it does not answer. */
  requestClosestPeers(peer: PeerId, key: Uint8Array, operation: Operation): Promise<PeerInfo[]>
  target?: number
  /** Peers that are not to be dialled, as banned ones. */
  avoid?(peerId: string): boolean
  /** Peers of earlier times, to be dialled before any relay has answered. */
  remembered?: readonly PeerInfo[]
}

/**
 * Finds other tabs and has them dialled, until there are enough.
 *
 * A relay is a DHT server that knows the tabs connected to it, so it is asked for those closest to this one, and then to
 * random keys (FIND_NODE); connected tabs are asked too. That happens on events: when a relay or a peer that we dialled
 * has identified itself, when a connection was lost, and now and then while there are too few. Remembered peers are
 * dialled at once. Tabs are left in peace while those that were named are dialled.
 */
export const createPeerFinder = (node: PeerNode, pool: Pool, options: PeerFinderOptions): PeerFinder => {
  const { libp2p, isRelay } = node
  const { tracer, logger } = node.telemetry
  const log = logger('net')
  const { onChange, requestClosestPeers, rtcCounts, avoid = () => false, target = keptPeers, remembered = [] } = options
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let askDelayMs = firstAskDelayMs
  /** Tabs that were not asked when they came, since those that were named before were still dialled. */
  const unasked = new Map<string, PeerId>()
  let rounds = 0
  let lastStep = ''

  const changed = (): void => {
    askUnasked()
    const now = JSON.stringify([step(), pool.directPeers().length])
    if (now === lastStep || stopped.signal.aborted) return
    lastStep = now
    onChange()
  }

  const dialler = createDialler(node, pool, {
    target,
    avoid,
    onChange: changed,
    ...(rtcCounts === undefined ? {} : { rtcCounts }),
  })

  const neighbours = libp2p.peerId.toMultihash().bytes

  const questions = createTokenBucket({ perSecond: maxQuestionsAMinute / 60, burst: maxQuestionsAMinute }, () =>
    performance.now(),
  )

  const begin = <T>(work: (operation: Operation) => Promise<T>): Promise<T> => {
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(askTimeoutMs)])
    return runOperation(tracer, 'net.find peers', signal, work)
  }

  const askOne = async (peer: PeerId, key: Uint8Array, operation: Operation): Promise<void> => {
    if (!questions.tryTake()) return
    const named = (await requestClosestPeers(peer, key, operation)).slice(0, maxNamed)
    log.debug('peer named others', { peer: peer.toString(), named: named.length })
    dialler.consider(named, 'present')
  }

  /** One round. Asked for while one is under way, another follows: a relay that came meanwhile was not asked. */
  const asking = createCoalescedRun(async () => {
    if (stopped.signal.aborted || pool.directPeers().length >= target) return
    clearTimeout(timer)
    timer = undefined
    // The first question is for our neighbours; later ones go all over, so that nobody is only found by few.
    const key = rounds === 0 ? neighbours : crypto.getRandomValues(new Uint8Array(32))
    const asked = sources()
    if (asked.length > 0) rounds += 1
    await begin((operation) => Promise.allSettled(asked.map((peer) => askOne(peer, key, operation))))
    if (stopped.signal.aborted) return
    changed()
    askLater()
    askDelayMs = Math.min(askDelayMs * 2, maxAskDelayMs)
  })

  const ask = (): void => void asking.ask()

  const askUnasked = (): void => {
    if (unasked.size === 0 || dialler.isBusy()) return
    const peers = [...unasked.values()]
    unasked.clear()
    if (pool.directPeers().length >= target) return
    for (const peer of peers) askNeighbours(peer)
  }

  const askNeighbours = (peer: PeerId): void =>
    void begin((operation) => askOne(peer, neighbours, operation)).catch(() => {})

  const askLater = (): void => {
    timer ??= setTimeout(
      () => {
        timer = undefined
        ask()
      },
      askDelayMs * (0.75 + Math.random() / 2),
    )
  }

  const askSoon = (): void => {
    askDelayMs = firstAskDelayMs
    ask()
  }

  /** Whom to ask: every connected relay, and a few tabs when their names would be of use. */
  const sources = (): PeerId[] => {
    const relays = new Map<string, PeerId>()
    for (const { remotePeer, status } of libp2p.getConnections())
      if (status === 'open' && isRelay(remotePeer.toString())) relays.set(remotePeer.toString(), remotePeer)
    if (relays.size > 0 && dialler.isBusy()) return [...relays.values()]
    return [...relays.values(), ...shuffled(pool.directPeers()).slice(0, tabsAsked)]
  }

  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    if (!isRelay(connection.remotePeer.toString()) && isDirect(connection)) dialler.pump()
  }

  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    if (isRelay(connection.remotePeer.toString()) || (node.webRtc && !isDirect(connection))) return
    unasked.delete(connection.remotePeer.toString())
    changed()
    // With half of them left there is no hurry: all who knew the one that left would ask at the same moment.
    if (pool.directPeers().length < target / 2) askSoon()
    else askLater()
  }

  const onIdentify = ({ detail: { peerId, connection } }: CustomEvent<IdentifyResult>): void => {
    if (isRelay(peerId.toString())) askSoon()
    // A peer that has come to us is new itself, and knows fewer than we do.
    else if (isDirect(connection) && connection.direction === 'outbound' && pool.directPeers().length < target) {
      if (dialler.isBusy()) unasked.set(peerId.toString(), peerId)
      else askNeighbours(peerId)
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
  // Not at once: whoever is told of the first change may look at the finder, which is not there before this returns.
  queueMicrotask(() => {
    if (remembered.length > 0) dialler.consider(remembered, 'remembered')
    ask()
  })

  return {
    step,
    wake() {
      askSoon()
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

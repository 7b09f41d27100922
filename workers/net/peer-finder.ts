import type { Connection, IdentifyResult, PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Step } from '../contract/views.ts'
import { askClosest } from '../stack/routing-table.ts'
import { isRelayed, isWebRtc, withPeer } from './addresses.ts'
import type { TabNode } from './create-node.ts'
import { isDirect } from './streams.ts'

/** Direct connections that are sought: a full gossip mesh (8), and some to choose from when fetching. */
const defaultTarget = 12

/** Dials at once: each is an RTCPeerConnection that gathers and checks candidates. */
const maxDials = 3

/** One dial with all its addresses, ms; by WebRTC it takes about 300. */
const dialTimeoutMs = 8_000

/** A peer that begins to dial us gets this long before we dial it ourselves, ms: several WebRTC dials. */
const takeOverMs = 1_500

/** After a failed dial a peer is left alone this long, ms, doubled each time. */
const firstBackoffMs = 2_000
const maxBackoffMs = 300_000

/** While there are too few peers, others are asked again after this long, ms, doubled up to the second. */
const firstAskDelayMs = 200
const maxAskDelayMs = 30_000

/** One question, ms: a round trip; a peer that is slower than this is no loss. */
const askTimeoutMs = 2_000

/** Tabs asked in one round, beside all relays: they know peers that use other relays. */
const tabsAsked = 3

/** Peers that are remembered to be dialled, or to be left alone for a while. */
const maxCandidates = 256

/** A relayed connection that still carries streams is looked at again after this long, ms. */
const twinCheckMs = 1_000

export interface PeerFinder {
  /** Peers with a direct connection, relays not counted. */
  directPeers(): PeerId[]
  /** How it stands with direct connections, in words. */
  step(): Step
  /** Asks and dials at once: the machine woke up, or went online. */
  wake(): void
  stop(): void
}

export interface PeerFinderOptions {
  isRelay(peerId: string): boolean
  onChange(): void
  target?: number
  /** Peers that are not to be dialled, as banned ones. */
  avoid?(peerId: string): boolean
}

/**
 * Finds other tabs and connects to them directly, until there are enough.
 *
 * A relay is a DHT server that knows the tabs connected to it, so it is asked for those closest to this one, and then to
 * random keys (FIND_NODE); connected tabs are asked too. That happens on events: when a relay or a peer has identified
 * itself, when a connection was lost, and now and then while there are too few.
 *
 * Two tabs that find each other at once would each open an RTCPeerConnection. Peers with a higher id than ours are
 * dialled first; and whoever sees the relayed connection of a peer with a lower id arrive leaves the dial to that peer,
 * and takes over when nothing has come of it.
 *
 * The relayed connection that a WebRTC dial leaves behind is closed once the direct one works in both directions.
 */
export const createPeerFinder = (tab: TabNode, options: PeerFinderOptions): PeerFinder => {
  const { node, gater } = tab
  const { isRelay, onChange, avoid = () => false, target = defaultTarget } = options
  const self = node.peerId.toString()
  const candidates = new Map<string, Candidate>()
  const dialing = new Map<string, AbortController>()
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let pumpTimer: ReturnType<typeof setTimeout> | undefined
  let askDelayMs = firstAskDelayMs
  let asking = false
  let askAgain = false
  let rounds = 0
  let dialsFailed = 0
  let lastStep = ''

  const directPeers = (): PeerId[] => {
    const peers = new Map<string, PeerId>()
    for (const connection of node.getConnections()) {
      const id = connection.remotePeer.toString()
      if (connection.status === 'open' && isDirect(connection) && !isRelay(id)) peers.set(id, connection.remotePeer)
    }
    return [...peers.values()]
  }

  const ask = async (): Promise<void> => {
    if (stopped.signal.aborted) return
    if (asking) {
      askAgain = true
      return
    }
    if (directPeers().length >= target) return
    asking = true
    askAgain = false
    clearTimeout(timer)
    // The first question is for our neighbours; later ones go all over, so that nobody is only found by few.
    const key = rounds === 0 ? node.peerId.toMultihash().bytes : crypto.getRandomValues(new Uint8Array(32))
    const asked = sources()
    if (asked.length > 0) rounds += 1
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(askTimeoutMs)])
    await Promise.all(
      asked.map(async (peer) => {
        consider(await askClosest(node.services.dht, peer, key, { signal }))
        pump()
      }),
    )
    asking = false
    if (stopped.signal.aborted) return
    changed()
    if (askAgain) {
      void ask()
      return
    }
    timer = setTimeout(ask, askDelayMs * (0.75 + Math.random() / 2))
    askDelayMs = Math.min(askDelayMs * 2, maxAskDelayMs)
  }

  const askSoon = (): void => {
    askDelayMs = firstAskDelayMs
    void ask()
  }

  /** Whom to ask: every connected relay, and a few tabs. */
  const sources = (): PeerId[] => {
    const relays = new Map<string, PeerId>()
    for (const { remotePeer, status } of node.getConnections())
      if (status === 'open' && isRelay(remotePeer.toString())) relays.set(remotePeer.toString(), remotePeer)
    return [...relays.values(), ...shuffled(directPeers()).slice(0, tabsAsked)]
  }

  const consider = (peers: readonly PeerInfo[]): void => {
    for (const { id, multiaddrs } of peers) {
      const peerId = id.toString()
      if (peerId === self || isRelay(peerId)) continue
      const addresses = withPeer(multiaddrs.filter(fits), peerId)
      if (addresses.length === 0) continue
      const known = candidates.get(peerId)
      if (known !== undefined) known.addresses = addresses
      else if (candidates.size < maxCandidates) candidates.set(peerId, { addresses, failures: 0, notBefore: 0 })
      else if (forgetOne()) candidates.set(peerId, { addresses, failures: 0, notBefore: 0 })
    }
  }

  /** Without WebRTC a relayed connection is the most that there can be. */
  const fits = (address: Multiaddr): boolean => (tab.webRtc ? !isRelayed(address) : !isWebRtc(address))

  /** Makes room by forgetting the candidate that failed most often; false when none failed. */
  const forgetOne = (): boolean => {
    const [worst] = [...candidates].sort(([, a], [, b]) => b.failures - a.failures)
    return worst !== undefined && worst[1].failures > 0 && candidates.delete(worst[0])
  }

  const reached = (peerId: string): boolean =>
    connectionsTo(peerId).some((connection) => isDirect(connection) || !tab.webRtc)

  const connectionsTo = (peerId: string): Connection[] =>
    node.getConnections().filter(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peerId)

  /** Starts as many dials as there is room for. */
  const pump = (): void => {
    if (stopped.signal.aborted) return
    clearTimeout(pumpTimer)
    const now = performance.now()
    const open = shuffled([...candidates]).filter(([id]) => !dialing.has(id) && !reached(id) && !avoid(id))
    // Those that leave the dial to us come first; by the time of the others, they may have dialled us.
    const due = open
      .filter(([, { notBefore }]) => notBefore <= now)
      .sort(([a], [b]) => Number(a < self) - Number(b < self))
    for (const [peerId, candidate] of due) {
      if (dialing.size >= maxDials || directPeers().length + dialing.size >= target) break
      if (arriving(peerId)) candidate.notBefore = now + takeOverMs
      else void dial(peerId, candidate)
    }
    const next = Math.min(...open.map(([, { notBefore }]) => notBefore).filter((time) => time > now))
    if (Number.isFinite(next)) pumpTimer = setTimeout(pump, next - now)
    changed()
  }

  /** True while a peer seems to be on its way to us: its relayed connection came a moment ago. */
  const arriving = (peerId: string): boolean =>
    connectionsTo(peerId).some((connection) => {
      const age = Date.now() - connection.timeline.open
      // Younger than nothing: the clock was set back since, and nobody is on its way for a day.
      return connection.direction === 'inbound' && !isDirect(connection) && age >= 0 && age < takeOverMs
    })

  const dial = async (peerId: string, candidate: Candidate): Promise<void> => {
    const abort = new AbortController()
    dialing.set(peerId, abort)
    const undoPermit = gater.permit(peerId)
    try {
      await node.dial(candidate.addresses, {
        signal: AbortSignal.any([stopped.signal, abort.signal, AbortSignal.timeout(dialTimeoutMs)]),
      })
      candidate.failures = 0
      dialsFailed = 0
    } catch {
      if (abort.signal.aborted) candidate.notBefore = performance.now() + takeOverMs
      else {
        candidate.failures += 1
        dialsFailed += 1
        const backoff = Math.min(firstBackoffMs * 2 ** (candidate.failures - 1), maxBackoffMs)
        candidate.notBefore = performance.now() + backoff * (0.75 + Math.random() / 2)
      }
    } finally {
      undoPermit()
      dialing.delete(peerId)
    }
    pump()
  }

  const closeTwins = (peer: PeerId): void => {
    if (stopped.signal.aborted || !connectionsTo(peer.toString()).some(isDirect)) return
    let busy = false
    for (const connection of connectionsTo(peer.toString())) {
      if (isDirect(connection)) continue
      if (connection.streams.every(({ protocol }) => connectingProtocols.has(protocol))) void close(connection)
      else busy = true
    }
    if (busy) setTimeout(() => closeTwins(peer), twinCheckMs)
  }

  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    const peerId = connection.remotePeer.toString()
    if (isRelay(peerId)) return
    if (isDirect(connection)) {
      pump()
      return
    }
    // Both are dialling each other: the one with the lower id goes on.
    if (connection.direction === 'inbound' && peerId < self) dialing.get(peerId)?.abort()
  }

  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    if (isRelay(connection.remotePeer.toString()) || (tab.webRtc && !isDirect(connection))) return
    changed()
    askSoon()
  }

  const onIdentify = ({ detail: { peerId, connection } }: CustomEvent<IdentifyResult>): void => {
    if (isRelay(peerId.toString())) {
      askSoon()
      return
    }
    if (!isDirect(connection)) return
    // Its answer shows that the other side has finished connecting, too: the way there is not needed any more.
    if (connection.direction === 'outbound') closeTwins(peerId)
    void ask()
  }

  const step = (): Step => {
    const found = directPeers().length
    if (found > 0) return { state: 'ok', reason: '' }
    if (!tab.webRtc)
      return { state: 'failed', reason: 'This browser has no WebRTC, so other tabs are reached through relays only.' }
    if (dialing.size > 0)
      return { state: 'working', reason: `Connecting to ${dialing.size} of the tabs that were found.` }
    if (sources().length === 0) return { state: 'waiting', reason: 'Other tabs are found through a relay.' }
    if (dialsFailed > 0 && candidates.size > 0)
      return {
        state: 'failed',
        reason: 'Other tabs were found, but no direct connection to them came about; a firewall may be in the way.',
      }
    return { state: 'waiting', reason: 'No other tab is here yet.' }
  }

  const changed = (): void => {
    const now = JSON.stringify([step(), directPeers().length])
    if (now === lastStep || stopped.signal.aborted) return
    lastStep = now
    onChange()
  }

  node.addEventListener('connection:open', onOpen)
  node.addEventListener('connection:close', onClose)
  node.addEventListener('peer:identify', onIdentify)
  // Not at once: whoever is told of the first change may look at the finder, which is not there before this returns.
  queueMicrotask(ask)

  return {
    directPeers,
    step,
    wake() {
      for (const candidate of candidates.values()) candidate.notBefore = 0
      askSoon()
      pump()
    },
    stop() {
      stopped.abort()
      clearTimeout(timer)
      clearTimeout(pumpTimer)
      node.removeEventListener('connection:open', onOpen)
      node.removeEventListener('connection:close', onClose)
      node.removeEventListener('peer:identify', onIdentify)
    },
  }
}

interface Candidate {
  addresses: Multiaddr[]
  failures: number
  /** By `performance.now()`. */
  notBefore: number
}

/** Streams that a relayed connection has because a direct one is being made; the rest is somebody's use of it. */
const connectingProtocols = new Set([
  '',
  '/ipfs/id/1.0.0',
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0',
  '/webrtc-signaling/0.0.1',
])

const closeTimeoutMs = 1_000

const close = async (connection: Connection): Promise<void> => {
  try {
    await connection.close({ signal: AbortSignal.timeout(closeTimeoutMs) })
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)

import type { Connection, PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { StepReason } from '../contract/reasons.ts'
import { createTokenBucket } from '../stack/token-bucket.ts'
import { type Operation, untraced } from '../telemetry/operation.ts'
import { isDirect, isRelayed, isWebRtc } from './addresses.ts'
import { type BootstrapSteps, untracedSteps } from './bootstrap.ts'
import type { PeerNode } from './create-node.ts'
import { dialPeer, isGone } from './dial-peer.ts'
import { createDialTargets, type DialTarget } from './dial-targets.ts'
import type { Pool } from './pool/pool.ts'
import { hasBudget } from './relayed-budget.ts'

/** Concurrent dials: each is an RTCPeerConnection that gathers and checks candidates. */
const maxDials = 3

/** Limit of one dial with all its addresses (ms); a WebRTC dial takes about 300. */
const dialTimeoutMs = 8_000

/** Time for a peer that dials us to finish, before we dial it ourselves (ms): several WebRTC dials. */
const takeOverMs = 1_500

/**
 * Dials per minute, however many peers are named. A newly opened tab makes about 12 and some fail; a source that names
 * endless peers must not cause endless dials.
 */
const maxDialsAMinute = 60

/** Limit of dial targets, including those in backoff. */
const maxTargets = 256

/**
 * Limits for known peers that nobody has named yet: they or their relays may be gone, and must not delay named peers.
 */
const maxKnownPeerDials = 2
const knownPeerTimeoutMs = 4_000

/**
 * Share of this tab's RTCPeerConnections that looking for more peers may use. The rest is for a tab with few peers, for
 * requests, and for peers that dial us.
 */
const dialShare = 0.75
const neededPeers = 4

/** Why no peer can be reached directly: codes of a step. */
export type DialTrouble = Extract<
  StepReason['code'],
  | 'webrtc-connections-scarce'
  | 'webrtc-connections-refused'
  | 'relay-does-not-reach-peers'
  | 'direct-path-timed-out'
  | 'direct-path-failed'
>

export interface Dialler {
  /** Adds dial targets and dials some; `named` by a connected peer just now, or `known` from earlier sessions. */
  consider(peers: readonly PeerInfo[], source: 'named' | 'known'): void
  /** Dials as many targets as there is room for. */
  pump(): void
  dialing(): number
  /** True while dials run or targets wait for one to end, so that more targets would be of no use yet. */
  isBusy(): boolean
  /** Why no peer was reached since the last success; undefined when nothing failed. */
  trouble(): DialTrouble | undefined
  wake(): void
  stop(): void
}

export interface DiallerOptions {
  target: number
  /** True for peers that must not be dialled, such as banned ones. */
  avoid(peerId: string): boolean
  /** RTCPeerConnections that the browser has not garbage-collected yet, and how many it allows. */
  rtcCounts?(): { uncollected: number; limit: number }
  onChange(): void
  /** Records dials while the node joins the network. */
  steps?: BootstrapSteps
}

/**
 * Dials peers that were named or known, at most three at once, until there are enough.
 *
 * Two tabs that find each other at the same moment would each open an RTCPeerConnection. So peers with a higher id are
 * dialled first, and when the relayed connection of a peer with a lower id arrives, the dial is left to that peer and
 * taken over only if it does not succeed.
 *
 * Names are not trusted: a dial counts only if it led to a missing connection to that peer, the next dial starts in
 * another turn of the event loop, and dials per minute are limited.
 */
export const createDialler = (node: PeerNode, pool: Pool, options: DiallerOptions): Dialler => {
  const { libp2p, gater } = node
  const log = node.telemetry.logger('net')
  const { target, avoid, rtcCounts, onChange, steps = untracedSteps } = options
  const self = libp2p.peerId.toString()
  const now = (): number => performance.now()
  const targets = createDialTargets({ max: maxTargets, now, random: Math.random })
  const dialing = new Map<string, AbortController>()
  const dials = createTokenBucket({ perSecond: maxDialsAMinute / 60, burst: maxDialsAMinute }, now)
  /** Peers that another peer named in this session. */
  const namedPeers = new Set<string>()
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let timerAt = 0
  let lastFailure: unknown

  /** Without WebRTC, only relayed connections are possible. */
  const isUsable = (address: Multiaddr): boolean => (node.webRtc ? !isRelayed(address) : !isWebRtc(address))

  const connectionsTo = (peerId: string): Connection[] =>
    libp2p.getConnections().filter(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peerId)

  /** Peers with the connection that a dial would make. */
  const reachedPeers = (): Set<string> =>
    new Set(
      libp2p
        .getConnections()
        .filter((connection) => connection.status === 'open' && (isDirect(connection) || !node.webRtc))
        .map(({ remotePeer }) => remotePeer.toString()),
    )

  /** Tells which peers should be dialled, by the connections of this moment. */
  const wanted = (): ((peerId: string) => boolean) => {
    const reached = reachedPeers()
    return (peerId) => !dialing.has(peerId) && !reached.has(peerId) && !avoid(peerId)
  }

  /** Counts peers with a direct connection, including unproven ones. */
  const countDirectPeers = (): number => {
    const peers = libp2p
      .getConnections()
      .filter((connection) => isDirect(connection) && connection.status === 'open')
      .map(({ remotePeer }) => remotePeer.toString())
      .filter((peer) => !node.isRelay(peer))
    return Math.max(pool.directPeers().length, new Set(peers).size)
  }

  const hasRoom = (): boolean => {
    const direct = countDirectPeers()
    if (dialing.size >= maxDials || direct + dialing.size >= target) return false
    return direct < neededPeers || !isScarce()
  }

  const knownPeerDials = (): number => [...dialing.keys()].filter((peer) => !namedPeers.has(peer)).length

  const isScarce = (): boolean => {
    const counts = rtcCounts?.()
    return counts !== undefined && counts.uncollected >= counts.limit * dialShare
  }

  /** True while a peer is probably dialling us: its relayed connection arrived a moment ago. */
  const isDialingUs = (peerId: string): boolean =>
    connectionsTo(peerId).some((connection) => {
      const age = Date.now() - connection.timeline.open
      // A negative age means that the clock was set back; the peer would seem to be dialling for that long.
      return connection.direction === 'inbound' && !isDirect(connection) && age >= 0 && age < takeOverMs
    })

  const pump = (): void => {
    if (stopped.signal.aborted) return
    clearTimeout(timer)
    timer = undefined
    // Peers that leave the dial to us come first; the others may dial us meanwhile.
    const isWanted = wanted()
    const due = targets
      .due()
      .filter(({ peer }) => isWanted(peer))
      .sort(
        (a, b) =>
          Number(namedPeers.has(b.peer)) - Number(namedPeers.has(a.peer)) ||
          Number(a.peer < self) - Number(b.peer < self),
      )
    for (const dialTarget of due) {
      const { peer } = dialTarget
      if (!hasRoom()) break
      if (!namedPeers.has(peer) && knownPeerDials() >= maxKnownPeerDials) break
      const retryInMs = node.paths.retryInMs(peer)
      if (retryInMs > 0) targets.postpone(peer, retryInMs)
      else if (isDialingUs(peer)) targets.postpone(peer, takeOverMs)
      else if (dials.tryTake()) void dial(dialTarget)
      else {
        pumpLater(dials.waitMs())
        break
      }
    }
    const next = targets.nextAt(isWanted)
    if (Number.isFinite(next)) pumpLater(next - now())
    onChange()
  }

  /** Runs `pump` within `ms`, in another task. */
  const pumpLater = (ms: number): void => {
    const at = now() + Math.max(ms, 0)
    if (timer !== undefined && timerAt <= at) return
    clearTimeout(timer)
    timerAt = at
    timer = setTimeout(pump, Math.max(at - now(), 0))
  }

  const dial = async ({ peer, addresses }: DialTarget): Promise<void> => {
    const began = now()
    const abort = new AbortController()
    dialing.set(peer, abort)
    const undoPermit = gater.permit(peer)
    const end = node.paths.begin(peer)
    const limitMs = namedPeers.has(peer) ? dialTimeoutMs : knownPeerTimeoutMs
    try {
      const signal = AbortSignal.any([stopped.signal, abort.signal, AbortSignal.timeout(limitMs)])
      const work = (operation: Operation): Promise<Connection> =>
        dialPeer(libp2p, peerIdFromString(peer), addresses, operation)
      await steps.run('peer_dial', signal, work, { peer })
      // libp2p joins dials to the same peer, and the joined one may accept a relayed connection.
      if (!reachedPeers().has(peer) && !avoid(peer))
        throw new Error('the dial did not lead to a connection of the required kind')
      end('made')
      log.debug('dial succeeded', { peer, ms: Math.round(now() - began) })
      targets.reached(peer)
      lastFailure = undefined
    } catch (error) {
      const gone = isGone(error)
      log.debug('dial failed', { peer, ms: Math.round(now() - began), gone, error: String(error) })
      end(abort.signal.aborted || gone ? 'cancelled' : 'failed')
      if (abort.signal.aborted) targets.postpone(peer, takeOverMs)
      // Gone twice: not just a tab that reloads. If it returns, its relay will name it again.
      else if (gone && targets.failures(peer) > 0) targets.forget(peer)
      else {
        targets.failed(peer, node.paths.retryInMs(peer))
        lastFailure = error
      }
    } finally {
      undoPermit()
      dialing.delete(peer)
    }
    if (!stopped.signal.aborted) pumpLater(0)
  }

  /** When both peers dial each other, the one with the lower id continues. */
  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    const peerId = connection.remotePeer.toString()
    if (isDirect(connection) || connection.direction !== 'inbound') return
    if (peerId < self) dialing.get(peerId)?.abort()
  }
  /**
   * Replaces a relayed connection that its relay closed for its limits. Without a direct path, announcements, queries
   * and packages need it. The side with the lower id dials.
   */
  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    const peerId = connection.remotePeer.toString()
    if (isDirect(connection) || stopped.signal.aborted || node.isRelay(peerId) || avoid(peerId)) return
    const isUsedUp = !hasBudget(connection, Date.now() - connection.timeline.open, 0)
    const isNeeded = pool.directPeers().length < neededPeers && connectionsTo(peerId).length === 0
    if (!isUsedUp || !isNeeded || peerId < self || node.paths.mayTry(peerId) || !dials.tryTake()) return
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(dialTimeoutMs)])
    // If this fails, the next direct dial opens a relayed connection as well.
    node.dialRelayed(connection.remoteAddr, untraced(signal)).catch(() => {})
  }

  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('connection:close', onClose)

  return {
    consider(peers, source) {
      for (const { id, multiaddrs } of peers) {
        const peer = id.toString()
        if (peer === self || node.isRelay(peer)) continue
        if (!targets.add(peer, node.dialable(peer, multiaddrs).filter(isUsable))) continue
        if (source === 'named') namedPeers.add(peer)
      }
      // Drops targets that were evicted.
      for (const peer of namedPeers) if (!targets.has(peer)) namedPeers.delete(peer)
      pump()
    },
    pump,
    dialing: () => dialing.size,
    isBusy() {
      if (dialing.size > 0) return true
      const isWanted = wanted()
      return targets.due().some(({ peer }) => isWanted(peer))
    },
    trouble() {
      if (isScarce() && pool.directPeers().length < neededPeers) return 'webrtc-connections-scarce'
      return lastFailure === undefined || targets.size === 0 ? undefined : whyNotReached(lastFailure)
    },
    wake() {
      node.paths.shortenBackoffs()
      targets.clearBackoffs()
      pump()
    },
    stop() {
      stopped.abort()
      clearTimeout(timer)
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
    },
  }
}

/** Names the step at which a dial failed: the relay, the signalling through it, or the direct path (ICE). */
const whyNotReached = (error: unknown): DialTrouble => {
  const errors = error instanceof AggregateError ? error.errors : [error]
  const texts = errors.map((each) => (each instanceof Error ? `${each.name} ${each.message}` : String(each))).join(' ')
  if (/connect via relay/i.test(texts)) return 'relay-does-not-reach-peers'
  if (/TooManyConnections/.test(texts)) return 'webrtc-connections-refused'
  if (/Timeout|abort/i.test(texts)) return 'direct-path-timed-out'
  return 'direct-path-failed'
}

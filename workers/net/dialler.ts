import type { Connection, PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { StepReason } from '../contract/reasons.ts'
import { createTokenBucket } from '../stack/token-bucket.ts'
import { runOperation } from '../telemetry/operation.ts'
import { isDirect, isRelayed, isWebRtc } from './addresses.ts'
import type { PeerNode } from './create-node.ts'
import { dialPeer, isGone } from './dial-peer.ts'
import { createDialTargets, type DialTarget } from './dial-targets.ts'
import type { Pool } from './pool/pool.ts'
import { hasBudget } from './relayed-budget.ts'

/** Dials at once: each is an RTCPeerConnection that gathers and checks candidates. */
const maxDials = 3

/** One dial with all its addresses, ms; by WebRTC it takes about 300. */
const dialTimeoutMs = 8_000

/** A peer that begins to dial us gets this long before we dial it ourselves, ms: several WebRTC dials. */
const takeOverMs = 1_500

/**
 * Dials in a minute, whatever is heard: a tab that opens makes about 12, and tries some in vain. Who names peers without
 * end must not make it dial without end.
 */
const maxDialsAMinute = 60

/** Peers that are remembered to be dialled, or to be left alone for a while. */
const maxCandidates = 256

/**
 * Of those, so many may go to peers that are only remembered, each for so long, ms: where they or their relays are gone,
 * that must not keep the ones waiting that are known to be here.
 */
const maxRememberedDials = 2
const rememberedTimeoutMs = 4_000

/**
 * Of the RTCPeerConnections that the browser allows this tab, so large a share may be used up by looking for more peers;
 * the rest is for those that are needed: a tab that has hardly anybody, requests, and peers that dial us.
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
  /** Takes note of peers with their addresses, and dials some of them; `present` are those that somebody has just named. */
  consider(peers: readonly PeerInfo[], from: 'present' | 'remembered'): void
  /** Dials as many as there is room for. */
  pump(): void
  dialing(): number
  /** True while dials are under way, or peers wait for one to end: hearing of more is of no use yet. */
  isBusy(): boolean
  /** Why no peer was reached since the last one that was; undefined when nothing failed. */
  trouble(): DialTrouble | undefined
  wake(): void
  stop(): void
}

export interface DiallerOptions {
  target: number
  /** Peers that are not to be dialled, as banned ones. */
  avoid(peerId: string): boolean
  /** RTCPeerConnections that the browser has not collected yet, and how many it allows. */
  rtcCounts?(): { uncollected: number; limit: number }
  onChange(): void
}

/**
 * Dials peers that were heard of, at most three at once, until there are enough.
 *
 * Two tabs that find each other at once would each open an RTCPeerConnection. Peers with a higher id than ours are
 * dialled first; and whoever sees the relayed connection of a peer with a lower id arrive leaves the dial to that peer,
 * and takes over when nothing has come of it.
 *
 * What it hears is not to be trusted: a dial counts only when it has led to a connection that the peer needed, every end of
 * a dial takes a turn of the event loop before the next begins, and dials are bounded in each minute.
 */
export const createDialler = (node: PeerNode, pool: Pool, options: DiallerOptions): Dialler => {
  const { libp2p, gater } = node
  const { tracer, logger } = node.telemetry
  const log = logger('net')
  const { target, avoid, rtcCounts, onChange } = options
  const self = libp2p.peerId.toString()
  const now = (): number => performance.now()
  const candidates = createDialTargets({ max: maxCandidates, now, random: Math.random })
  const dialing = new Map<string, AbortController>()
  const dials = createTokenBucket({ perSecond: maxDialsAMinute / 60, burst: maxDialsAMinute }, now)
  /** Named by somebody in this life of the node, and not only remembered. */
  const present = new Set<string>()
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let timerAt = 0
  let lastFailure: unknown

  /** Without WebRTC a relayed connection is the most that there can be. */
  const fits = (address: Multiaddr): boolean => (node.webRtc ? !isRelayed(address) : !isWebRtc(address))

  const connectionsTo = (peerId: string): Connection[] =>
    libp2p.getConnections().filter(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peerId)

  const isWanted = (peerId: string, whileDialled = false): boolean =>
    (whileDialled || !dialing.has(peerId)) &&
    !avoid(peerId) &&
    !connectionsTo(peerId).some((connection) => isDirect(connection) || !node.webRtc)

  /** Peers with a direct connection, those included that have yet to show that it works. */
  const foundPeers = (): number => {
    const peers = libp2p
      .getConnections()
      .filter((connection) => isDirect(connection) && connection.status === 'open')
      .map(({ remotePeer }) => remotePeer.toString())
      .filter((peer) => !node.isRelay(peer))
    return Math.max(pool.directPeers().length, new Set(peers).size)
  }

  const hasRoom = (): boolean => {
    const found = foundPeers()
    if (dialing.size >= maxDials || found + dialing.size >= target) return false
    return found < neededPeers || !isScarce()
  }

  const rememberedDials = (): number => [...dialing.keys()].filter((peer) => !present.has(peer)).length

  const isScarce = (): boolean => {
    const counts = rtcCounts?.()
    return counts !== undefined && counts.uncollected >= counts.limit * dialShare
  }

  /** True while a peer seems to be on its way to us: its relayed connection came a moment ago. */
  const arriving = (peerId: string): boolean =>
    connectionsTo(peerId).some((connection) => {
      const age = Date.now() - connection.timeline.open
      // Younger than nothing: the clock was set back since, and nobody is on its way for a day.
      return connection.direction === 'inbound' && !isDirect(connection) && age >= 0 && age < takeOverMs
    })

  const pump = (): void => {
    if (stopped.signal.aborted) return
    clearTimeout(timer)
    timer = undefined
    // Those that leave the dial to us come first; by the time of the others, they may have dialled us.
    const due = candidates
      .due()
      .filter(({ peer }) => isWanted(peer))
      .sort(
        (a, b) =>
          Number(present.has(b.peer)) - Number(present.has(a.peer)) || Number(a.peer < self) - Number(b.peer < self),
      )
    for (const candidate of due) {
      if (!hasRoom()) break
      if (!present.has(candidate.peer) && rememberedDials() >= maxRememberedDials) break
      const restMs = node.paths.restMs(candidate.peer)
      if (restMs > 0) candidates.postpone(candidate.peer, restMs)
      else if (arriving(candidate.peer)) candidates.postpone(candidate.peer, takeOverMs)
      else if (dials.tryTake()) void dial(candidate)
      else {
        pumpLater(dials.waitMs())
        break
      }
    }
    const next = candidates.nextAt(isWanted)
    if (Number.isFinite(next)) pumpLater(next - now())
    onChange()
  }

  /** Within `ms`, in a task of its own. */
  const pumpLater = (ms: number): void => {
    const at = now() + Math.max(ms, 0)
    if (timer !== undefined && timerAt <= at) return
    clearTimeout(timer)
    timerAt = at
    timer = setTimeout(pump, at - now())
  }

  const dial = async ({ peer, addresses }: DialTarget): Promise<void> => {
    const began = now()
    const abort = new AbortController()
    dialing.set(peer, abort)
    const undoPermit = gater.permit(peer)
    const end = node.paths.begin(peer)
    const limitMs = present.has(peer) ? dialTimeoutMs : rememberedTimeoutMs
    try {
      const signal = AbortSignal.any([stopped.signal, abort.signal, AbortSignal.timeout(limitMs)])
      await runOperation(tracer, 'net.dial', signal, (operation) =>
        dialPeer(libp2p, peerIdFromString(peer), addresses, operation),
      )
      // Where another was dialling the same peer, its dial was joined, and that one may settle for a relayed connection.
      if (isWanted(peer, true)) throw new Error('the dial has led to no connection of the kind that was wanted')
      end('made')
      log.debug('dial succeeded', { peer, ms: Math.round(now() - began) })
      candidates.reached(peer)
      lastFailure = undefined
    } catch (error) {
      const gone = isGone(error)
      log.debug('dial failed', { peer, ms: Math.round(now() - began), gone, error: String(error) })
      end(abort.signal.aborted || gone ? 'cancelled' : 'failed')
      if (abort.signal.aborted) candidates.postpone(peer, takeOverMs)
      // Twice is no tab that is just being reloaded. When it comes back, its relay will name it again.
      else if (gone && candidates.failures(peer) > 0) candidates.forget(peer)
      else {
        candidates.failed(peer, node.paths.restMs(peer))
        lastFailure = error
      }
    } finally {
      undoPermit()
      dialing.delete(peer)
    }
    if (!stopped.signal.aborted) pumpLater(0)
  }

  /** Both are dialling each other: the one with the lower id goes on. */
  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    const peerId = connection.remotePeer.toString()
    if (isDirect(connection) || connection.direction !== 'inbound') return
    if (peerId < self) dialing.get(peerId)?.abort()
  }
  /**
   * A relay has ended a connection that carried enough, or was open for long. While there is no direct path it is how news,
   * questions and packages reach the peer, so one side, the one with the lower id, makes another.
   */
  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    const peerId = connection.remotePeer.toString()
    if (isDirect(connection) || stopped.signal.aborted || node.isRelay(peerId) || avoid(peerId)) return
    const isUsedUp = !hasBudget(connection, Date.now() - connection.timeline.open, 0)
    const isNeeded = pool.directPeers().length < neededPeers && connectionsTo(peerId).length === 0
    if (!isUsedUp || !isNeeded || peerId < self || node.paths.mayTry(peerId) || !dials.tryTake()) return
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(dialTimeoutMs)])
    // Where it fails, the next try of a direct connection makes a relayed one on its way.
    runOperation(tracer, 'net.dial relayed', signal, (operation) =>
      node.dialRelayed(connection.remoteAddr, operation),
    ).catch(() => {})
  }

  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('connection:close', onClose)

  return {
    consider(peers, from) {
      for (const { id, multiaddrs } of peers) {
        const peer = id.toString()
        if (peer === self || node.isRelay(peer)) continue
        if (!candidates.add(peer, node.dialable(peer, multiaddrs).filter(fits))) continue
        if (from === 'present') present.add(peer)
      }
      // Names of peers that were forgotten since.
      for (const peer of present) if (!candidates.has(peer)) present.delete(peer)
      pump()
    },
    pump,
    dialing: () => dialing.size,
    isBusy: () => dialing.size > 0 || candidates.due().some(({ peer }) => isWanted(peer)),
    trouble() {
      if (isScarce() && pool.directPeers().length < neededPeers) return 'webrtc-connections-scarce'
      return lastFailure === undefined || candidates.size === 0 ? undefined : whyNotReached(lastFailure)
    },
    wake() {
      node.paths.hurry()
      candidates.hurry()
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

/** At which step of the way to another tab a dial ended: the relay, the agreement through it, or the direct path (ICE). */
const whyNotReached = (error: unknown): DialTrouble => {
  const errors = error instanceof AggregateError ? error.errors : [error]
  const texts = errors.map((each) => (each instanceof Error ? `${each.name} ${each.message}` : String(each))).join(' ')
  if (/connect via relay/i.test(texts)) return 'relay-does-not-reach-peers'
  if (/TooManyConnections/.test(texts)) return 'webrtc-connections-refused'
  if (/Timeout|abort/i.test(texts)) return 'direct-path-timed-out'
  return 'direct-path-failed'
}

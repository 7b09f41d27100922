import type { Connection, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isDirect, isRelayed, isWebRtc, withPeer } from './addresses.ts'
import { type Candidate, createCandidates } from './candidates.ts'
import type { TabNode } from './create-node.ts'
import type { Pool } from './pool/pool.ts'

/** Dials at once: each is an RTCPeerConnection that gathers and checks candidates. */
const maxDials = 3

/** One dial with all its addresses, ms; by WebRTC it takes about 300. */
const dialTimeoutMs = 8_000

/** A peer that begins to dial us gets this long before we dial it ourselves, ms: several WebRTC dials. */
const takeOverMs = 1_500

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

export interface Dialler {
  /** Takes note of peers with their addresses, and dials some of them; `present` are those that somebody has just named. */
  consider(peers: readonly PeerInfo[], from: 'present' | 'remembered'): void
  /** Dials as many as there is room for. */
  pump(): void
  dialing(): number
  /** True while dials are under way, or peers wait for one to end: hearing of more is of no use yet. */
  isBusy(): boolean
  /** Why no peer was reached since the last one that was, in words; undefined when nothing failed. */
  trouble(): string | undefined
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
 */
export const createDialler = (tab: TabNode, pool: Pool, options: DiallerOptions): Dialler => {
  const { node, gater } = tab
  const { target, avoid, rtcCounts, onChange } = options
  const self = node.peerId.toString()
  const now = (): number => performance.now()
  const candidates = createCandidates({ max: maxCandidates, now, random: Math.random })
  const dialing = new Map<string, AbortController>()
  /** Named by somebody in this life of the node, and not only remembered. */
  const present = new Set<string>()
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastFailure: unknown

  /** Without WebRTC a relayed connection is the most that there can be. */
  const fits = (address: Multiaddr): boolean => (tab.webRtc ? !isRelayed(address) : !isWebRtc(address))

  const connectionsTo = (peerId: string): Connection[] =>
    node.getConnections().filter(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peerId)

  const isWanted = (peerId: string): boolean =>
    !dialing.has(peerId) &&
    !avoid(peerId) &&
    !connectionsTo(peerId).some((connection) => isDirect(connection) || !tab.webRtc)

  const hasRoom = (): boolean => {
    const found = pool.directPeers().length
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
      if (arriving(candidate.peer)) candidates.postpone(candidate.peer, takeOverMs)
      else void dial(candidate)
    }
    const next = candidates.nextAt(isWanted)
    if (Number.isFinite(next)) timer = setTimeout(pump, next - now())
    onChange()
  }

  const dial = async ({ peer, addresses }: Candidate): Promise<void> => {
    const abort = new AbortController()
    dialing.set(peer, abort)
    const undoPermit = gater.permit(peer)
    const limitMs = present.has(peer) ? dialTimeoutMs : rememberedTimeoutMs
    try {
      await node.dial([...addresses], {
        signal: AbortSignal.any([stopped.signal, abort.signal, AbortSignal.timeout(limitMs)]),
      })
      candidates.reached(peer)
      lastFailure = undefined
    } catch (error) {
      if (abort.signal.aborted) candidates.postpone(peer, takeOverMs)
      // Twice is no tab that is just being reloaded. When it comes back, its relay will name it again.
      else if (isGone(error) && candidates.failures(peer) > 0) candidates.forget(peer)
      else {
        candidates.failed(peer)
        lastFailure = error
      }
    } finally {
      undoPermit()
      dialing.delete(peer)
    }
    pump()
  }

  /** Both are dialling each other: the one with the lower id goes on. */
  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    const peerId = connection.remotePeer.toString()
    if (isDirect(connection) || connection.direction !== 'inbound') return
    if (peerId < self) dialing.get(peerId)?.abort()
  }
  node.addEventListener('connection:open', onOpen)

  return {
    consider(peers, from) {
      for (const { id, multiaddrs } of peers) {
        const peer = id.toString()
        if (peer === self || tab.isRelay(peer)) continue
        if (!candidates.add(peer, withPeer(multiaddrs.filter(fits), peer))) continue
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
      if (isScarce() && pool.directPeers().length < neededPeers)
        return 'This browser allows this tab hardly any more WebRTC connections; closing the tab and opening the page anew frees them.'
      return lastFailure === undefined || candidates.size === 0 ? undefined : whyNotReached(lastFailure)
    },
    wake() {
      candidates.hurry()
      pump()
    },
    stop() {
      stopped.abort()
      clearTimeout(timer)
      node.removeEventListener('connection:open', onOpen)
    },
  }
}

/** Its relay says that it is not there, and there is no other way to it. */
const isGone = (error: unknown): boolean =>
  (error instanceof AggregateError ? error.errors : [error]).every(
    (each) => each instanceof Error && each.message.includes('NO_RESERVATION'),
  )

/** At which step of the way to another tab a dial ended: the relay, the agreement through it, or the direct path (ICE). */
const whyNotReached = (error: unknown): string => {
  const errors = error instanceof AggregateError ? error.errors : [error]
  const texts = errors.map((each) => (each instanceof Error ? `${each.name} ${each.message}` : String(each))).join(' ')
  if (/connect via relay/i.test(texts))
    return 'Other tabs were found, but the relay does not reach them: they may have just closed.'
  if (/TooManyConnections/.test(texts)) return 'This browser refuses more WebRTC connections until the tab is closed.'
  if (/Timeout|abort/i.test(texts))
    return 'Other tabs were found, but no direct connection to them came about in time; a firewall may be in the way.'
  return 'Other tabs were found, but no direct connection to them came about; a firewall may be in the way.'
}

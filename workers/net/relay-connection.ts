import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { StepReason } from '../contract/reasons.ts'
import type { Step } from '../contract/views.ts'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import { runOperation } from '../telemetry/operation.ts'
import { hostOf, isDirect } from './addresses.ts'
import type { PeerNode } from './create-node.ts'

/** The first new try after a loss, ms: soon, since a relay restarts in a second. */
const firstDelayMs = 500

/** From then on the delay grows by this factor, up to this many ms. */
const delayFactor = 1.6
const maxDelayMs = 15_000

/** Each delay is taken times 0.5 to 1, so that tabs which lost a relay together do not come back together. */
const jitter = 0.5

/** A relay that does not answer within this time is tried again later, ms. */
const dialTimeoutMs = 5_000

/** Every so often it is looked whether the reservation is still there (a refresh of it may have failed), ms. */
const lookIntervalMs = 10_000

export interface RelayState {
  address: string
  peerId: string
  connected: boolean
  reserved: boolean
  dial: Step
  reservation: Step
}

/** Keeps one relay. */
export interface RelayConnection {
  state(): RelayState
  onConnectionClosed(peer: PeerId): void
  wake(): void
  stop(): void
}

export interface RelayAddress {
  address: Multiaddr
  peer: PeerId
}

export interface RelayConnectionOptions {
  onChange(): void
  /** Waits for a place among the dials that may run at once. */
  inTurn(signal: AbortSignal, dial: () => Promise<unknown>): Promise<unknown>
  /** Before the first try, ms. */
  delayMs: number
}

/**
 * Keeps a connection and a reservation at one relay, from before it is there until `stop`: a lost one is tried again
 * after 0.25 to 0.5 s, then more rarely, up to every 15 s.
 */
export const createRelayConnection = (
  node: PeerNode,
  { address, peer }: RelayAddress,
  { onChange, inTurn, delayMs }: RelayConnectionOptions,
): RelayConnection => {
  const { libp2p } = node
  const { tracer, logger } = node.telemetry
  const log = logger('net')
  const stopping = new AbortController()
  const stopped = stopping.signal
  const relay = hostOf(address)
  let dial: Step = { state: 'waiting', reason: { code: 'relay-waiting' } }
  let reservation: Step = { state: 'waiting', reason: { code: 'relay-waiting' } }
  let failures = 0
  /** The connection that a round had made was lost before the round ended. */
  let lost = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const connections = (): Connection[] =>
    libp2p.getConnections(peer).filter((connection) => connection.status === 'open' && isDirect(connection))
  const reserved = (): boolean => connections().length > 0 && hasAddressAt(libp2p.getMultiaddrs(), peer)

  const set = (next: { dial?: Step; reservation?: Step }): void => {
    const changed = differs(dial, next.dial) || differs(reservation, next.reservation)
    dial = next.dial ?? dial
    reservation = next.reservation ?? reservation
    if (changed && !stopped.aborted) onChange()
  }

  /**
   * One round: whatever is missing is brought about, and the next round is set. Asked for while one is under way, as by a
   * wake during a dial that can only fail, another follows.
   */
  const looking = createCoalescedRun(async () => {
    if (stopped.aborted) return
    clearTimeout(timer)
    lost = false
    const ok = await (async () => (await connect()) && (await reserve()))().catch(() => false)
    failures = ok ? 0 : failures + 1
    if (stopped.aborted) return
    // A relay that lets in and closes at once is tried as seldom as one that does not answer.
    timer = setTimeout(look, failures > 0 ? delayAfter(failures) : lost ? delayAfter(0) : lookIntervalMs)
  })

  const look = (): void => void looking.ask()

  const connect = async (): Promise<boolean> => {
    if (connections().length === 0) {
      // A retry of what failed stays failed until it succeeds: the line in the page would flicker otherwise.
      if (dial.state !== 'failed') set({ dial: { state: 'working', reason: { code: 'relay-connecting', relay } } })
      try {
        await inTurn(stopped, () => {
          const limit = AbortSignal.any([stopped, AbortSignal.timeout(dialTimeoutMs)])
          return runOperation(tracer, 'net.dial relay', limit, ({ signal }) => libp2p.dial(address, { signal }))
        })
        log.debug('relay connected', { relay: peer.toString() })
      } catch (error) {
        log.debug('relay not reached', { relay: peer.toString(), error: String(error) })
        set({
          dial: { state: 'failed', reason: { code: whyNoRelay(error), relay } },
          reservation: { state: 'waiting', reason: { code: 'relay-waiting' } },
        })
        return false
      }
    }
    set({ dial: { state: 'ok' } })
    return true
  }

  const reserve = async (): Promise<boolean> => {
    if (!reserved()) {
      if (reservation.state !== 'failed')
        set({ reservation: { state: 'working', reason: { code: 'reservation-asked', relay } } })
      try {
        await runOperation(tracer, 'net.reserve', stopped, () => node.reserve(peer))
        log.debug('relay reserved', { relay: peer.toString() })
      } catch (error) {
        log.debug('relay refused a reservation', { relay: peer.toString(), error: String(error) })
        set({
          reservation: {
            state: connections().length === 0 ? 'waiting' : 'failed',
            reason: whyNoReservation(error, relay),
          },
        })
        return false
      }
      // libp2p would tell the relay our new address a second later; others find us by it.
      await libp2p.services.identifyPush.push()
    }
    set({ reservation: { state: 'ok' } })
    return true
  }

  // Not at once: whoever is told of the first change may look at the keeper, which is not there before this returns.
  if (delayMs === 0) queueMicrotask(look)
  else timer = setTimeout(look, delayMs)

  return {
    state: () => ({
      address: address.toString(),
      peerId: peer.toString(),
      connected: connections().length > 0,
      // As of the last look: our own addresses are not gone through for each status.
      reserved: connections().length > 0 && reservation.state === 'ok',
      dial,
      reservation,
    }),
    onConnectionClosed(closed) {
      if (!closed.equals(peer) || connections().length > 0 || stopped.aborted) return
      if (looking.isRunning()) {
        lost = true
        return
      }
      set({
        dial: { state: 'working', reason: { code: 'relay-lost', relay } },
        reservation: { state: 'waiting', reason: { code: 'relay-waiting' } },
      })
      clearTimeout(timer)
      timer = setTimeout(look, delayAfter(0))
    },
    wake() {
      failures = 0
      look()
    },
    stop() {
      stopping.abort()
      clearTimeout(timer)
    },
  }
}

const delayAfter = (failures: number): number =>
  Math.min(firstDelayMs * delayFactor ** failures, maxDelayMs) * (1 - Math.random() * jitter)

const hasAddressAt = (own: readonly Multiaddr[], relay: PeerId): boolean => {
  const id = relay.toString()
  return own.some((address) => {
    const parts = address.getComponents()
    const circuit = parts.findIndex(({ name }) => name === 'p2p-circuit')
    return circuit > 0 && parts[circuit - 1]?.value === id
  })
}

const differs = (now: Step, next: Step | undefined): boolean =>
  next !== undefined && (now.state !== next.state || JSON.stringify(now.reason) !== JSON.stringify(next.reason))

/** Why a dial failed. A browser does not say why a WebSocket failed. */
const whyNoRelay = (error: unknown): 'relay-key-changed' | 'relay-not-allowed' | 'relay-silent' => {
  const name = error instanceof Error ? error.name : ''
  if (name === 'UnexpectedPeerError' || name === 'EncryptionFailedError') return 'relay-key-changed'
  // The address is insecure, and not on this machine.
  if (name === 'DialDeniedError') return 'relay-not-allowed'
  return 'relay-silent'
}

const whyNoReservation = (error: unknown, relay: string): StepReason => {
  const detail = error instanceof Error ? error.message : String(error)
  if (detail.includes('RESERVATION_REFUSED')) return { code: 'reservation-full', relay }
  if (error instanceof Error && error.name === 'UnsupportedProtocolError')
    return { code: 'reservation-not-a-relay', relay }
  return { code: 'reservation-failed', relay, detail }
}

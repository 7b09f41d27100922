import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { StepReason } from '../contract/reasons.ts'
import type { Step } from '../contract/views.ts'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import type { Operation } from '../telemetry/operation.ts'
import { hostOf, isDirect } from './addresses.ts'
import { type BootstrapSteps, untracedSteps } from './bootstrap.ts'
import { createConnectionErrors } from './connection-errors.ts'
import type { PeerNode } from './create-node.ts'

/** Delay of the first retry after a loss (ms): short, because a relay restarts in a second. */
const firstDelayMs = 500

/** Growth of the delay with each failure, and its maximum (ms). */
const delayFactor = 1.6
const maxDelayMs = 15_000

/** Delays vary by a factor of 0.5 to 1, so that tabs that lost a relay together do not return together. */
const jitter = 0.5

/** Limit of one dial (ms). */
const dialTimeoutMs = 5_000

/** Interval between reservation checks (ms): a refresh may have failed. */
const checkIntervalMs = 10_000

export interface RelayState {
  address: string
  peerId: string
  connected: boolean
  reserved: boolean
  dial: Step
  reservation: Step
}

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
  /** Runs a dial within the limit of concurrent relay dials. */
  limitDial(signal: AbortSignal, dial: () => Promise<unknown>): Promise<unknown>
  /** Delay before the first attempt (ms). */
  delayMs: number
  steps?: BootstrapSteps
}

/**
 * Maintains a connection and a reservation at one relay until `stop`, also while the relay is unreachable. Retries a
 * lost connection after 0.25 to 0.5 s, then less often, at least every 15 s.
 */
export const createRelayConnection = (
  node: PeerNode,
  { address, peer }: RelayAddress,
  { onChange, limitDial, delayMs, steps = untracedSteps }: RelayConnectionOptions,
): RelayConnection => {
  const { libp2p } = node
  const { meter, logger } = node.telemetry
  const log = logger('net')
  const countError = createConnectionErrors(meter)
  const stopping = new AbortController()
  const stopped = stopping.signal
  const relay = hostOf(address)
  let dial: Step = { state: 'waiting', reason: { code: 'relay-waiting' } }
  let reservation: Step = { state: 'waiting', reason: { code: 'relay-waiting' } }
  let failures = 0
  /** The connection was lost before the running round ended. */
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
   * One round: establishes what is missing and schedules the next round. If requested during a round, for example by a
   * wake during a dial that must fail, another follows.
   */
  const checking = createCoalescedRun(async () => {
    if (stopped.aborted) return
    clearTimeout(timer)
    lost = false
    const ok = await (async () => (await connect()) && (await reserve()))().catch(() => false)
    failures = ok ? 0 : failures + 1
    if (stopped.aborted) return
    // A relay that accepts and closes at once is retried as rarely as one that does not answer.
    timer = setTimeout(check, failures > 0 ? delayAfter(failures) : lost ? delayAfter(0) : checkIntervalMs)
  })

  const check = (): void => void checking.ask()

  const connect = async (): Promise<boolean> => {
    if (connections().length === 0) {
      // The state stays `failed` during retries, so that the line in the page does not flicker.
      if (dial.state !== 'failed') set({ dial: { state: 'working', reason: { code: 'relay-connecting', relay } } })
      try {
        await limitDial(stopped, () => {
          const limit = AbortSignal.any([stopped, AbortSignal.timeout(dialTimeoutMs)])
          const work = ({ signal }: Operation): Promise<Connection> => libp2p.dial(address, { signal })
          return steps.run('relay_dial', limit, work, { relay: peer.toString(), failures })
        })
        log.debug('relay connected', { relay: peer.toString() })
      } catch (error) {
        if (!stopped.aborted) countError('relay')
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
        await steps.run('reserve', stopped, () => node.reserve(peer), { relay: peer.toString() })
        log.debug('relay reserved', { relay: peer.toString() })
      } catch (error) {
        if (!stopped.aborted) countError('reservation')
        log.debug('relay refused a reservation', { relay: peer.toString(), error: String(error) })
        set({
          reservation: {
            state: connections().length === 0 ? 'waiting' : 'failed',
            reason: whyNoReservation(error, relay),
          },
        })
        return false
      }
      // Others find us by the new address, which libp2p would push to the relay a second later.
      await libp2p.services.identifyPush.push()
    }
    set({ reservation: { state: 'ok' } })
    return true
  }

  // In a microtask, because `onChange` may read this connection, which the caller has only after this returns.
  if (delayMs === 0) queueMicrotask(check)
  else timer = setTimeout(check, delayMs)

  return {
    state: () => ({
      address: address.toString(),
      peerId: peer.toString(),
      connected: connections().length > 0,
      // As of the last check: scanning our own addresses for each status would be wasteful.
      reserved: connections().length > 0 && reservation.state === 'ok',
      dial,
      reservation,
    }),
    onConnectionClosed(closed) {
      if (!closed.equals(peer) || connections().length > 0 || stopped.aborted) return
      if (checking.isRunning()) {
        lost = true
        return
      }
      set({
        dial: { state: 'working', reason: { code: 'relay-lost', relay } },
        reservation: { state: 'waiting', reason: { code: 'relay-waiting' } },
      })
      clearTimeout(timer)
      timer = setTimeout(check, delayAfter(0))
    },
    wake() {
      failures = 0
      check()
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

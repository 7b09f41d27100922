import type { Connection } from '@libp2p/interface'
import { untraced } from '../../telemetry/operation.ts'
import type { pingConnection } from './ping.ts'

/** Pings per check: one may be lost. */
const pingsInCheck = 2

export interface ChecksOptions {
  ping: typeof pingConnection
  onPong(connection: Connection, rttMs: number): void
  /** Reports that the ping sent at `sentAt` was not answered in time. */
  onLost(connection: Connection, sentAt: number): void
  /** The clock of `sentAt` (ms). */
  now(): number
  stopped: AbortSignal
}

/**
 * Resolves to true if the connection lives. `timeoutMs` limits each ping. Joins a running check with the same timeout.
 */
export type Check = (connection: Connection, timeoutMs: number) => Promise<boolean>

export const createChecks = ({ ping, onPong, onLost, now, stopped }: ChecksOptions): Check => {
  const running = new Map<string, Promise<boolean>>()

  const run = async (connection: Connection, timeoutMs: number): Promise<boolean> => {
    for (let sent = 0; sent < pingsInCheck; sent += 1) {
      if (connection.status !== 'open' || stopped.aborted) return false
      const sentAt = now()
      try {
        const signal = AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)])
        // Without a span: each connection is pinged every few seconds, and its round trip is a figure of its own.
        const rttMs = await ping(connection, untraced(signal))
        onPong(connection, rttMs)
        return true
      } catch {
        if (stopped.aborted) return false
        onLost(connection, sentAt)
      }
    }
    return connection.status === 'open'
  }

  return (connection, timeoutMs) => {
    // An urgent check does not wait for one with a longer timeout.
    const key = `${connection.id} ${timeoutMs}`
    const checking = running.get(key) ?? run(connection, timeoutMs).finally(() => running.delete(key))
    running.set(key, checking)
    return checking
  }
}

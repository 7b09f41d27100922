import type { ConnectionCounts } from '../../workers/contract/rtc.ts'

/**
 * Counts RTCPeerConnections against the browser's limit, and encourages their garbage collection.
 *
 * Chrome refuses the 500th uncollected RTCPeerConnection of a process, closed or not. A closed one takes so little heap
 * that it triggers no collection: 500 connections opened and closed in six seconds disable WebRTC for the tab, even
 * after a reload. So this counts uncollected connections, and applies memory pressure when many closed ones remain.
 */
export interface ConnectionCount {
  /** Follows a connection until it is collected. */
  add(connection: RTCPeerConnection): void
  current(): ConnectionCounts
  /** Asks the browser to collect when `open` connections are far fewer than the uncollected ones. */
  encourageCollection(open: number): void
}

/** Below Chrome's limit of 500, which includes other frames and the page before a reload. */
export const UNCOLLECTED_LIMIT = 450
/** Closed uncollected connections before pressure is applied; a collection takes about 20 ms. */
const UNCOLLECTED_CLOSED = 100
/** Allocations that reliably make Chrome 156 collect; their pages are never touched, so none becomes resident. */
const PRESSURE_BUFFERS = 8
const PRESSURE_BYTES = 32 * 1024 * 1024

export const createConnectionCount = (limit: number, onCollected: () => void): ConnectionCount => {
  let made = 0
  let uncollected = 0
  const registry = new FinalizationRegistry<undefined>(() => {
    uncollected -= 1
    onCollected()
  })
  return {
    add(connection) {
      made += 1
      uncollected += 1
      registry.register(connection, undefined)
    },
    current: () => ({ made, uncollected, limit }),
    encourageCollection(open) {
      if (uncollected - open >= UNCOLLECTED_CLOSED) allocateAndForget()
    },
  }
}

const allocateAndForget = () => {
  try {
    for (let count = 0; count < PRESSURE_BUFFERS; count += 1) new ArrayBuffer(PRESSURE_BYTES)
  } catch {
    // Running out of address space also applies pressure.
  }
}

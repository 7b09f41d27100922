import type { ConnectionCounts } from '../../workers/contract/rtc.ts'

/**
 * Counts RTCPeerConnections against the browser's limit, and helps it to free them.
 *
 * Chrome refuses the 500th RTCPeerConnection of a process that has not been garbage-collected, closed or not, and a
 * closed one weighs so little on the heap that nothing makes it collect: 500 connections opened and closed in six
 * seconds end WebRTC for the tab, also after a reload. Collected ones do not count. So the count is of uncollected
 * connections, and when many closed ones wait to be collected, memory pressure is put on.
 */
export interface ConnectionCount {
  /** Follows a connection until it is collected. */
  add(connection: RTCPeerConnection): void
  current(): ConnectionCounts
  /** Asks the browser to collect when `open` connections are far fewer than the uncollected ones. */
  encourageCollection(open: number): void
}

/** Below Chrome's 500, which the page's other frames and a page that was just reloaded share. */
export const UNCOLLECTED_LIMIT = 450
/** Closed connections that may wait to be collected before pressure is put on; a collection costs some 20 ms. */
const UNCOLLECTED_CLOSED = 100
/** Allocations that made Chrome 156 collect, time after time; their pages are never touched, so none becomes resident. */
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
    // Not enough address space: that is pressure too.
  }
}

import type { TraceRecord } from './span-recorder.ts'

/** The last finished traces. */
export interface TraceStore {
  add(trace: TraceRecord): void
  /** Oldest first. */
  list(): readonly TraceRecord[]
}

/** Limit on traces kept: a few megabytes at most, as each has at most 500 spans. */
const maxTraces = 500

export const createTraceStore = (): TraceStore => {
  const traces: TraceRecord[] = []
  return {
    add(trace) {
      traces.push(trace)
      if (traces.length > maxTraces) traces.shift()
    },
    list: () => traces,
  }
}

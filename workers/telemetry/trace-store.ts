import type { TraceRecord } from './span-recorder.ts'

/**
 * The last finished traces. Neither commands nor the engine's own work can push out all traces of the other: where many
 * announcements arrive, those would otherwise leave no trace of an install a minute ago.
 */
export interface TraceStore {
  add(trace: TraceRecord): void
  /** Oldest first. */
  list(): readonly TraceRecord[]
}

/** Limit on traces kept: a few megabytes at most, as each has at most 500 spans. */
const maxTraces = 500

/** Traces of each of the two kinds that the other cannot push out. */
const share = maxTraces / 2

export const createTraceStore = (): TraceStore => {
  const traces: TraceRecord[] = []
  let commands = 0
  return {
    add(trace) {
      traces.push(trace)
      if (isCommand(trace)) commands += 1
      if (traces.length <= maxTraces) return
      const dropsCommand = commands > share
      traces.splice(
        traces.findIndex((each) => isCommand(each) === dropsCommand),
        1,
      )
      if (dropsCommand) commands -= 1
    },
    list: () => traces,
  }
}

const isCommand = ({ root }: TraceRecord): boolean => root.attributes['command'] !== undefined

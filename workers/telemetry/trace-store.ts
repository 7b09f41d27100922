/** The last finished traces. */
export interface TraceStore<Trace extends StoredTrace> {
  add(trace: Trace): void
  /** Oldest first. */
  list(): readonly Trace[]
}

export interface StoredTrace {
  readonly name: string
  readonly spans: readonly unknown[]
}

/** Limits on what is kept: about ten megabytes of spans with all their attributes. */
const defaultLimits = { traces: 500, spans: 20_000 }

/**
 * Where there is no room, the oldest trace of the most frequent name gives way: an install must not disappear because
 * announcements keep coming.
 */
export const createTraceStore = <Trace extends StoredTrace>(limits = defaultLimits): TraceStore<Trace> => {
  const traces: Trace[] = []
  const countByName = new Map<string, number>()
  let spans = 0

  const count = (name: string, change: number): void => {
    const next = (countByName.get(name) ?? 0) + change
    if (next === 0) countByName.delete(name)
    else countByName.set(name, next)
  }

  const mostFrequent = (): string | undefined => {
    let most: string | undefined
    for (const [name, held] of countByName) if (most === undefined || held > (countByName.get(most) ?? 0)) most = name
    return most
  }

  const dropOne = (): void => {
    const name = mostFrequent()
    const at = traces.findIndex((trace) => trace.name === name)
    const [dropped] = traces.splice(Math.max(0, at), 1)
    if (dropped === undefined) return
    count(dropped.name, -1)
    spans -= dropped.spans.length
  }

  return {
    add(trace) {
      traces.push(trace)
      count(trace.name, 1)
      spans += trace.spans.length
      while (traces.length > 1 && (traces.length > limits.traces || spans > limits.spans)) dropOne()
    },
    list: () => traces,
  }
}

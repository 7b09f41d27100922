import type { SpanConverter, SpanOfTrace } from './otel/span-converter.ts'
import type { EndedTrace } from './span-recorder.ts'
import { createTailSampler, type LimitRate } from './tail-sampler.ts'
import type { TraceRecord } from './trace-record.ts'

/**
 * Takes finished traces from the recorder to the OpenTelemetry SDK: samples them, keeps them in a bounded queue until the
 * SDK has loaded, and converts them in small batches between other tasks, because a span costs the SDK ten times what it
 * cost to record.
 */
export interface TracePipeline {
  /** Decides whether a trace is kept: by the sampler, and by the room in the queue. Never throws. */
  keeps(trace: EndedTrace): boolean
  /** Takes a trace that is kept. Never throws. */
  add(trace: TraceRecord): void
  /** Converts what waits, loading the SDK if it has not been loaded; resolves also when it cannot be. */
  flush(): Promise<void>
  /** Traces that were not kept, by reason. */
  notKept(): Readonly<Record<'rate' | 'queue', number>>
  stop(): void
}

export interface TracePipelineOptions {
  /** Rejects when the SDK cannot be loaded now. */
  load(): Promise<SpanConverter>
  /** Called with each converted trace. */
  onTrace(spans: readonly SpanOfTrace[]): void
  limitRate: LimitRate
  timing?: Partial<TracePipelineTiming>
}

export interface TracePipelineTiming {
  /** Delay before the SDK is loaded (ms): the first seconds are for finding peers. */
  readonly loadMs: number
  /** Delay before another try to load it (ms), doubled with each up to `maxRetryMs`. */
  readonly retryMs: number
  readonly maxRetryMs: number
  /** Delay before waiting traces are converted (ms), so that a burst makes one batch. */
  readonly batchMs: number
}

const defaultTiming: TracePipelineTiming = { loadMs: 2_000, retryMs: 30_000, maxRetryMs: 600_000, batchMs: 250 }

/** Limits on what waits: about the limits of the store behind it. */
const maxWaitingTraces = 500
const maxWaitingSpans = 20_000

/** Spans converted in one turn of the event loop: two or three milliseconds. */
const spansPerTurn = 200

export const createTracePipeline = (options: TracePipelineOptions): TracePipeline => {
  const { load, onTrace, limitRate } = options
  const timing = { ...defaultTiming, ...options.timing }
  const isSampled = createTailSampler(limitRate)
  const waiting: TraceRecord[] = []
  const notKept = { rate: 0, queue: 0 }
  let waitingSpans = 0
  let converter: SpanConverter | undefined
  let loading: Promise<void> | undefined
  let retryMs = timing.retryMs
  let isStopped = false
  let loadTimer: ReturnType<typeof setTimeout> | undefined
  let batchTimer: ReturnType<typeof setTimeout> | undefined

  /** Converts traces until a turn's worth of spans is done. */
  const convertSome = (to: SpanConverter): void => {
    for (let done = 0; done < spansPerTurn; ) {
      const trace = waiting.shift()
      if (trace === undefined) return
      waitingSpans -= trace.spans.length
      done += trace.spans.length
      try {
        onTrace(to.convert(trace))
      } catch {
        // One trace is lost; the others and the operations are not.
      }
    }
  }

  const work = (): void => {
    batchTimer = undefined
    if (converter === undefined || isStopped) return
    convertSome(converter)
    if (waiting.length > 0) batchTimer = setTimeout(work, 0)
  }

  const loadLater = (delayMs: number): void => {
    if (!isStopped) loadTimer = setTimeout(() => void loadNow(), delayMs)
  }

  const loadNow = (): Promise<void> => {
    clearTimeout(loadTimer)
    loading ??= load().then(
      (loaded) => {
        converter = loaded
        work()
      },
      () => {
        loading = undefined
        loadLater(retryMs)
        retryMs = Math.min(timing.maxRetryMs, 2 * retryMs)
      },
    )
    return loading
  }
  loadLater(timing.loadMs)

  return {
    keeps(trace) {
      if (isStopped) return false
      if (!isSampled(trace)) {
        notKept.rate += 1
        return false
      }
      if (waiting.length >= maxWaitingTraces || waitingSpans + trace.spanCount > maxWaitingSpans) {
        notKept.queue += 1
        return false
      }
      return true
    },
    add(trace) {
      if (isStopped) return
      waiting.push(trace)
      waitingSpans += trace.spans.length
      if (converter !== undefined) batchTimer ??= setTimeout(work, timing.batchMs)
    },
    async flush() {
      if (converter === undefined && !isStopped) await loadNow()
      while (converter !== undefined && waiting.length > 0) {
        convertSome(converter)
        if (waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, 0))
      }
    },
    notKept: () => ({ ...notKept }),
    stop() {
      isStopped = true
      clearTimeout(loadTimer)
      clearTimeout(batchTimer)
    },
  }
}

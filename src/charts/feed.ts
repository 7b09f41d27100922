import type { SamplesOptions } from '../../workers/contract/telemetry-views.ts'
import { pageHeapColumn } from './read-columns.ts'
import { readSamples, type SampleRows } from './sample-rows.ts'
import { append, emptyWindow, type SampleWindow } from './window.ts'

export type Step = NonNullable<SamplesOptions['step']>

/** Samples of the engine, as long as somebody watches. */
export interface SampleFeed {
  current(): SampleWindow
  /** Called after every answer until the returned function is called. */
  subscribe(listener: (window: SampleWindow) => void): () => void
  /** Begins to ask, at once and then at the pace of the rows; asks on until the returned function is called. */
  start(): () => void
  setStep(step: Step): void
  /** The engine keeps sampling while the feed is paused; resuming loads all rows since then. */
  setPaused(isPaused: boolean): void
}

export interface SampleFeedDependencies {
  /** The `samples` command; a failure resolves to a value that is not a view. */
  load(since: number | undefined, options: SamplesOptions): Promise<unknown>
  isVisible(): boolean
  onVisible(listener: () => void): () => void
  /** Bytes of the page's heap, where the browser tells. */
  heapBytes(): number | undefined
}

/** Step and span of the rows (ms), and how often they are asked for. */
const steps = {
  second: { stepMs: 1_000, spanMs: 3_600_000, pollMs: 1_000 },
  minute: { stepMs: 60_000, spanMs: 86_400_000, pollMs: 15_000 },
} as const satisfies Record<Step, object>

/** Answers without a row after which all rows are asked for again: the clock may have been set back. */
const silentAnswers = 5
/** The same, when asking for all brought nothing either. */
const silentAnswersLater = 60

export const createSampleFeed = ({ load, isVisible, onVisible, heapBytes }: SampleFeedDependencies): SampleFeed => {
  const listeners = new Set<(window: SampleWindow) => void>()
  let step: Step = 'second'
  let window = fresh(step)
  let isPaused = false
  let isRunning = false
  let isLoading = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let silent = 0
  let patience = silentAnswers

  /** Paused, with a picture to look at. */
  const isStill = (): boolean => isPaused && window.times.length > 0

  const poll = async (): Promise<void> => {
    if (isLoading || isStill() || !isRunning || !isVisible()) return
    clearTimeout(timer)
    isLoading = true
    const asked = step
    const since = silent >= patience ? undefined : window.times.at(-1)
    const rows = readSamples(await load(since, { step: asked }).catch(() => undefined))
    isLoading = false
    if (asked === step && !isStill()) take(rows, since)
    if (!isRunning) return
    timer = setTimeout(poll, asked === step ? steps[step].pollMs : 0)
  }

  const take = (rows: SampleRows, since: number | undefined): void => {
    if (rows.times.length > 0) {
      patience = silentAnswers
      silent = 0
    } else {
      if (silent >= patience) {
        patience = silentAnswersLater
        silent = 0
      }
      silent += 1
    }
    window = append(since === undefined && rows.times.length > 0 ? fresh(step) : window, withHeap(rows), since)
    for (const listener of listeners) listener(window)
  }

  /** The page's own heap beside the engine's last rows: it is known for now only. */
  const withHeap = (rows: SampleRows): SampleRows => {
    const bytes = heapBytes()
    const { length } = rows.times
    if (bytes === undefined || length === 0 || step !== 'second') return rows
    const heap = new Float64Array(length).fill(Number.NaN)
    heap.fill(bytes, Math.max(0, length - 2))
    return { ...rows, columns: new Map([...rows.columns, [pageHeapColumn, heap]]) }
  }

  return {
    current: () => window,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start() {
      isRunning = true
      const stopListening = onVisible(() => void poll())
      void poll()
      return () => {
        isRunning = false
        clearTimeout(timer)
        stopListening()
      }
    },
    setStep(next) {
      if (next === step) return
      step = next
      window = fresh(next)
      silent = 0
      for (const listener of listeners) listener(window)
      void poll()
    },
    setPaused(next) {
      isPaused = next
      void poll()
    },
  }
}

const fresh = (step: Step): SampleWindow => emptyWindow(steps[step].stepMs, steps[step].spanMs)

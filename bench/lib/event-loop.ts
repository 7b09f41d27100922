/** Interval between samples (ms). */
const intervalMs = 5

/**
 * Samples the lag of timers during a measurement (ms): with many nodes in one process, a message waits for the
 * computation of the others. Returns a function that stops sampling and returns the samples.
 */
export const sampleLag = (): (() => number[]) => {
  const samples: number[] = []
  let due = performance.now() + intervalMs
  const sample = (): void => {
    const now = performance.now()
    samples.push(Math.max(0, now - due))
    due = now + intervalMs
    timer = setTimeout(sample, intervalMs)
  }
  let timer = setTimeout(sample, intervalMs)
  return () => {
    clearTimeout(timer)
    return samples
  }
}

/** How often it is looked at how late the event loop is, ms. */
const everyMs = 5

/**
 * How late timers come while something is measured, ms: with many nodes in one process, a message waits for all that
 * the others compute. Returns what ends it and gives the samples.
 */
export const sampleLag = (): (() => number[]) => {
  const samples: number[] = []
  let due = performance.now() + everyMs
  const look = (): void => {
    const now = performance.now()
    samples.push(Math.max(0, now - due))
    due = now + everyMs
    timer = setTimeout(look, everyMs)
  }
  let timer = setTimeout(look, everyMs)
  return () => {
    clearTimeout(timer)
    return samples
  }
}

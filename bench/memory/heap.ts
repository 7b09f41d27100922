const bytesPerMb = 1e6

/** Returns the size of all reachable objects and buffers of this process (MB). */
export const heapMegabytes = (): number => {
  if (globalThis.gc === undefined)
    throw new Error('Run this suite with bench/run.ts, which exposes the garbage collector.')
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / bytesPerMb
}

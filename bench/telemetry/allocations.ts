import type { Figure } from '../lib/measurement.ts'
import { medianOf } from '../lib/rank-test.ts'
import { startProcess } from './start-process.ts'
import type { Variant } from './variants.ts'
import type { Path } from './workload.ts'

/** Hits from memory, of which there may be thousands a second. */
const hits: readonly Path[] = ['hot lookup', 'cache hit']

/** Hits per take; what timers of the engine allocate meanwhile is a few bytes for each. */
const hitsPerTake = Number(process.env['TELEMETRY_HITS'] ?? 20_000)
const takes = 5

/** Size of the smallest object of V8: less than half of it for each hit is not the work of the hit. */
const objectBytes = 16

/** No garbage is collected during a take: all of it fits into the young generation (256 MB). */
const flags = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']

/** Measures what a hit from memory allocates for telemetry (bytes, in smallest objects): the difference to the same without. */
export const measureAllocations = async function* (
  collector: string,
  log: (line: string) => void,
): AsyncGenerator<Figure> {
  const bytes = { off: await bytesOf('off', collector), on: await bytesOf('on', collector) }
  for (const path of hits) {
    const off = medianOf(bytes.off.get(path) ?? [])
    const samples = (bytes.on.get(path) ?? []).map((each) => objectBytes * Math.round((each - off) / objectBytes))
    log(`${path}: ${off.toFixed(1)} bytes without telemetry`)
    yield { scenario: `${path}: allocated for telemetry`, unit: 'B', samples, target: 0 }
  }
}

/** Bytes per hit, of each take. */
const bytesOf = async (variant: Variant, collector: string): Promise<Map<Path, number[]>> => {
  const { run, stop } = await startProcess(variant, { collector, flags })
  try {
    const bytes = new Map<Path, number[]>()
    for (const path of hits) {
      // Compiled code allocates less than interpreted code.
      await run({ path, count: 2 * hitsPerTake, measured: 'durations' })
      const taken: number[] = []
      while (taken.length < takes) {
        const [total = Number.NaN] = await run({ path, count: hitsPerTake, measured: 'allocation' })
        taken.push(total / hitsPerTake)
      }
      bytes.set(path, taken)
    }
    return bytes
  } finally {
    stop()
  }
}

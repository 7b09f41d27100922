import type { Figure } from '../lib/measurement.ts'
import { medianOf } from '../lib/rank-test.ts'
import { startProcess, type WorkloadProcess } from './start-process.ts'
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
const flags = ['--min-semi-space-size=256', '--max-semi-space-size=256']

/** Measures what a hit from memory allocates for telemetry (bytes, in smallest objects): the difference to the same without. */
export const measureAllocations = async function* (
  collector: string,
  log: (line: string) => void,
): AsyncGenerator<Figure> {
  const started = await startProcess(collector, flags)
  try {
    for (const path of hits) {
      // Compiled code allocates less than interpreted code.
      await bytesPerHit(started, path, 'on', 2 * hitsPerTake)
      const bytes: { off: number[]; on: number[] } = { off: [], on: [] }
      while (bytes.on.length < takes)
        for (const variant of ['off', 'on'] as const) bytes[variant].push(await bytesPerHit(started, path, variant))
      const off = medianOf(bytes.off)
      const samples = bytes.on.map((each) => objectBytes * Math.round((each - off) / objectBytes))
      log(`${path}: ${off.toFixed(1)} bytes without telemetry`)
      yield { scenario: `${path}: allocated for telemetry`, unit: 'B', samples, target: 0 }
    }
  } finally {
    started.stop()
  }
}

const bytesPerHit = async (
  { run }: WorkloadProcess,
  path: Path,
  variant: Variant,
  count = hitsPerTake,
): Promise<number> => (await run({ variant, path, first: 0, count })).allocated / count

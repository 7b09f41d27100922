import { getHeapStatistics } from 'node:v8'
import { isVariant, telemetryOf } from './variants.ts'
import { createWorkload, type Path } from './workload.ts'

/** Operations to run. The answer is their durations (ms), or what they allocated (bytes, one number). */
export interface Block {
  readonly path: Path
  readonly count: number
  readonly measured: 'durations' | 'allocation'
}

/** Entry of a process with one variant, its first argument, which runs the blocks that its parent sends. */
const variant = process.argv[2] ?? ''
if (!isVariant(variant)) throw new Error(`No variant ${variant}.`)
process.once('disconnect', () => process.exit(0))

const workload = await createWorkload(telemetryOf(variant))

const run = async ({ path, count, measured }: Block): Promise<readonly number[]> => {
  const before = getHeapStatistics().total_allocated_bytes
  const durations = await workload.run(path, count)
  return measured === 'durations' ? durations : [getHeapStatistics().total_allocated_bytes - before]
}

process.on('message', (block: Block) => {
  // A failure ends the process, which the parent reports.
  void run(block).then((samples) => process.send?.(samples))
})
process.send?.('ready')

import { isVariant, telemetryOf } from './variants.ts'
import { createWorkload, type Path } from './workload.ts'

/** Operations to run. The answer is their durations (ms), or what they allocated (bytes, one number). */
export interface Block {
  readonly path: Path
  readonly count: number
  readonly measured: 'durations' | 'allocation'
}

/**
 * Entry of a process with one variant, its first argument, which runs the blocks that its parent sends. The second
 * argument is the URL of the collector.
 */
const [, , variant = '', collector = ''] = process.argv
if (!isVariant(variant)) throw new Error(`No variant ${variant}.`)
process.once('disconnect', () => process.exit(0))

const workload = await createWorkload(await telemetryOf(variant, collector))

const run = async ({ path, count, measured }: Block): Promise<readonly number[]> => {
  if (measured === 'durations') return workload.run(path, count)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  await workload.run(path, count)
  return [process.memoryUsage().heapUsed - before]
}

process.on('message', (block: Block) => {
  // A failure ends the process, which the parent reports.
  void run(block).then((samples) => process.send?.(samples))
})
process.send?.('ready')

import { createSwitchedTelemetry, type Variant } from './variants.ts'
import { createWorkload, type Measured, type Path, processorMsSince } from './workload.ts'

/** Operations to run. */
export interface Block {
  readonly variant: Variant
  readonly path: Path
  /** Number of the first operation: blocks with the same numbers do the same. */
  readonly first: number
  readonly count: number
}

export interface BlockResult extends Measured {
  /** Bytes that the operations allocated, if nothing was collected meanwhile. */
  readonly allocated: number
  /** Processor time for what telemetry had postponed (ms). */
  readonly settledMs: number
}

/** Entry of a process that runs the blocks which its parent sends. The argument is the URL of the collector. */
const [, , collector = ''] = process.argv
process.once('disconnect', () => process.exit(0))

const { telemetry, use, settle } = await createSwitchedTelemetry(collector)
const workload = await createWorkload(telemetry)

const run = async ({ variant, path, first, count }: Block): Promise<BlockResult> => {
  // The garbage of other blocks is not collected at the cost of this one.
  globalThis.gc?.({ type: 'minor' })
  use(variant)
  const before = process.memoryUsage().heapUsed
  const measured = await workload.run(path, first, count)
  const allocated = process.memoryUsage().heapUsed - before
  const started = process.cpuUsage()
  await settle()
  const settledMs = processorMsSince(started)
  use('off')
  return { ...measured, allocated, settledMs }
}

process.on('message', (block: Block) => {
  // A failure ends the process, which the parent reports.
  void run(block).then((result) => process.send?.(result))
})
process.send?.('ready')

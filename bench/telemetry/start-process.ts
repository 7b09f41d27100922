import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Variant } from './variants.ts'
import type { Block } from './workload-process.ts'

export interface WorkloadProcess {
  /** Resolves with the durations (ms). Blocks run one at a time. */
  run(block: Block): Promise<readonly number[]>
  stop(): void
}

export interface ProcessOptions {
  /** URL of the server with the collector. */
  readonly collector: string
  /** Flags of Node. */
  readonly flags?: readonly string[]
}

/**
 * Starts a process with the workload of one variant, and waits until it is ready.
 *
 * @throws Error if the process ends; its own error is on stderr.
 */
export const startProcess = async (
  variant: Variant,
  { collector, flags = [] }: ProcessOptions,
): Promise<WorkloadProcess> => {
  const child = fork(new URL('./workload-process.ts', import.meta.url), [variant, collector], {
    execArgv: [...flags],
    serialization: 'advanced',
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The process with telemetry ${variant} ended with ${code}.`)
  })
  ended.catch(() => {})
  const answer = async (): Promise<unknown> => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
    return message
  }
  await answer()
  return {
    run(block) {
      const answered = answer() as Promise<readonly number[]>
      child.send(block)
      return answered
    },
    stop: () => child.disconnect(),
  }
}

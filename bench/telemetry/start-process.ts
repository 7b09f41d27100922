import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Block, BlockResult } from './workload-process.ts'

export interface WorkloadProcess {
  /** Blocks run one at a time. */
  run(block: Block): Promise<BlockResult>
  stop(): void
}

/**
 * Starts a process with the workload, and waits until it is ready.
 *
 * @param collector URL of the server with the collector.
 * @param flags Of Node.
 * @throws Error if the process ends; its own error is on stderr.
 */
export const startProcess = async (collector: string, flags: readonly string[] = []): Promise<WorkloadProcess> => {
  const child = fork(new URL('./workload-process.ts', import.meta.url), [collector], {
    execArgv: ['--expose-gc', ...flags],
    serialization: 'advanced',
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The process of the workload ended with ${code}.`)
  })
  ended.catch(() => {})
  const answer = async (): Promise<unknown> => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
    return message
  }
  await answer()
  return {
    run(block) {
      const answered = answer() as Promise<BlockResult>
      child.send(block)
      return answered
    },
    stop: () => child.disconnect(),
  }
}

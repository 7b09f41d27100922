import { fork } from 'node:child_process'
import type { Figure } from './measurement.ts'
import type { SuiteMessage } from './suite-process.ts'

export interface SuiteRun {
  /** All that were measured, also where the suite failed later. */
  readonly figures: readonly Figure[]
  /** Why it did not come to its end. */
  readonly failure?: string
}

export interface SuiteListener {
  onFigure(figure: Figure): void
  onLine(line: string): void
}

/** A suite that takes longer hangs, ms: the longest take minutes, or half an hour with all sizes. */
const timeoutMs = 3_600_000

/** Runs the suite at `address` in a process of its own. Never rejects: a crash is a failure of this suite alone. */
export const runSuite = (address: URL, { onFigure, onLine }: SuiteListener): Promise<SuiteRun> =>
  new Promise((resolve) => {
    const figures: Figure[] = []
    const scenarios = new Set<string>()
    let failure: string | undefined
    let done = false
    const child = fork(new URL('./suite-process.ts', import.meta.url), [address.href], {
      // Heaps are measured after a collection.
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      timeout: timeoutMs,
    })
    child.on('message', (message: SuiteMessage) => {
      if (message.kind === 'line') onLine(message.line)
      else if (message.kind === 'failed') failure ??= message.reason
      else if (message.kind === 'done') done = true
      else if (scenarios.has(message.figure.scenario)) failure ??= `Two figures are named “${message.figure.scenario}”.`
      else {
        scenarios.add(message.figure.scenario)
        figures.push(message.figure)
        onFigure(message.figure)
      }
    })
    child.on('error', (error) => {
      failure ??= error.message
    })
    child.on('close', (code, signal) => {
      if (!done) failure ??= `The suite’s process ended with ${signal ?? code}.`
      resolve({ figures, ...(failure === undefined ? {} : { failure }) })
    })
  })

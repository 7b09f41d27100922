import { fork } from 'node:child_process'
import type { Figure } from './measurement.ts'
import type { SuiteMessage } from './suite-process.ts'

export interface SuiteRun {
  /** Figures measured before the end or a failure. */
  readonly figures: readonly Figure[]
  /** Why the suite failed. */
  readonly failure?: string
}

export interface SuiteListener {
  onFigure(figure: Figure): void
  onLine(line: string): void
}

/** Time after which a suite counts as hung (ms): the longest takes half an hour with all sizes. */
const timeoutMs = 3_600_000

/** Runs the suite at `address` in its own process. Never rejects: a crash is a failure of this suite alone. */
export const runSuite = (address: URL, { onFigure, onLine }: SuiteListener): Promise<SuiteRun> =>
  new Promise((resolve) => {
    const figures: Figure[] = []
    const scenarios = new Set<string>()
    let failure: string | undefined
    let done = false
    const child = fork(new URL('./suite-process.ts', import.meta.url), [address.href], {
      // The memory suite measures after garbage collection.
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

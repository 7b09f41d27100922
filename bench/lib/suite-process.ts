import type { Figure, Suite } from './measurement.ts'

/** What a suite's process tells the one that started it. */
export type SuiteMessage =
  | { readonly kind: 'figure'; readonly figure: Figure }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Entry of the process that runs one suite, whose address is the first argument. A process each, so that no suite runs
 * in what another left behind: a heap, code compiled for other types, or an open handle.
 */
const tell = (message: SuiteMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('This process is started by bench/run.ts.')
    process.send(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)))
  })

// Whoever started this is gone: nobody reads the figures, and what the suite has started ends with it.
process.once('disconnect', () => process.exit(1))

try {
  const { suite } = (await import(process.argv[2] ?? '')) as { suite: Suite }
  for await (const figure of suite((line) => void tell({ kind: 'line', line }))) await tell({ kind: 'figure', figure })
  await tell({ kind: 'done' })
  process.exit(0)
} catch (error) {
  await tell({ kind: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(1)
}

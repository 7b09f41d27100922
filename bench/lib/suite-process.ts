import type { Figure, Suite } from './measurement.ts'

/** Message from the process of a suite to its parent. */
export type SuiteMessage =
  | { readonly kind: 'figure'; readonly figure: Figure }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Entry of the process that runs one suite, whose address is the first argument. Separate processes keep the heap,
 * compiled code and open handles of one suite from affecting the next.
 */
const send = (message: SuiteMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('Run this script through bench/run.ts.')
    process.send(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)))
  })

// Without the parent the figures are useless, and exiting also ends whatever the suite has started.
process.once('disconnect', () => process.exit(1))

try {
  const { suite } = (await import(process.argv[2] ?? '')) as { suite: Suite }
  for await (const figure of suite((line) => void send({ kind: 'line', line }))) await send({ kind: 'figure', figure })
  await send({ kind: 'done' })
  process.exit(0)
} catch (error) {
  await send({ kind: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(1)
}

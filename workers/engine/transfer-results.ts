import { transfer } from 'comlink'
import { carriesBytes, commandNames } from '../contract/command-table.ts'
import type { TracedCommands } from '../contract/commands.ts'

/**
 * Prepares commands for comlink: bytes and columns of numbers in their results are transferred to the page, as the
 * command table says.
 */
export const transferResults = (commands: TracedCommands): TracedCommands => {
  const transferring = Object.fromEntries(
    commandNames.map((name) => {
      const command = commands[name] as (...given: unknown[]) => Promise<unknown>
      if (!carriesBytes(name, 'out')) return [name, command]
      return [name, async (...given: unknown[]) => withBuffers(await command(...given))]
    }),
  )
  return {
    ...(transferring as unknown as TracedCommands),
    async run(trace, name, ...given) {
      const value = await commands.run(trace, name, ...given)
      return carriesBytes(name, 'out') ? withBuffers(value) : value
    },
  }
}

const withBuffers = (value: unknown): unknown => {
  const buffers = new Set<ArrayBuffer>()
  collectBuffers(value, buffers, maxDepth)
  return buffers.size === 0 ? value : transfer(value as object, [...buffers])
}

/** Buffers nested deeper are cloned; no result has any. */
const maxDepth = 8

const collectBuffers = (value: unknown, into: Set<ArrayBuffer>, depth: number): void => {
  if (typeof value !== 'object' || value === null || depth === 0) return
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) into.add(value.buffer)
  } else for (const each of Object.values(value)) collectBuffers(each, into, depth - 1)
}

import { transfer } from 'comlink'
import { carriesBytes, commandNames } from '../contract/command-table.ts'
import type { TracedCommands } from '../contract/commands.ts'
import { takeApart } from '../contract/tab-payload.ts'

/** Prepares commands for comlink: bytes in their results are transferred to the page, as the command table says. */
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
  const buffers = new Set<Transferable>()
  for (const { buffer } of takeApart(value).bytes) if (buffer instanceof ArrayBuffer) buffers.add(buffer)
  return buffers.size === 0 ? value : transfer(value as object, [...buffers])
}

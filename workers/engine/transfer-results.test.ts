import { expose, releaseProxy, wrap } from 'comlink'
import { expect, test } from 'vitest'
import type { TracedCommands } from '../contract/commands.ts'
import { transferResults } from './transfer-results.ts'

test('bytes of results are transferred, those of one archive together, and nothing else changes', async () => {
  const file = new Uint8Array([1, 2, 3])
  const archive = new Uint8Array([4, 5, 6, 7])
  const traced = new Uint8Array([8, 9])
  const commands: Partial<TracedCommands> = {
    readFile: async () => file,
    readArchive: async () => ({
      files: [
        { path: 'a', bytes: archive.subarray(0, 1) },
        { path: 'b', bytes: archive.subarray(1) },
      ],
      leftOut: [],
    }),
    library: async () => [],
    run: async () => traced,
  }
  const { port1, port2 } = new MessageChannel()
  expose(transferResults(commands as TracedCommands), port1)
  const page = wrap<TracedCommands>(port2)
  try {
    expect(await page.readFile('id', '1.0.0', 'a')).toEqual(new Uint8Array([1, 2, 3]))
    expect(file.byteLength).toBe(0)
    const { files } = await page.readArchive(new Uint8Array(1))
    expect(files.map(({ bytes }) => [...bytes])).toEqual([[4], [5, 6, 7]])
    expect(archive.byteLength).toBe(0)
    expect(await page.library()).toEqual([])
    expect(await page.run(undefined, 'exportZip', 'id', '1.0.0')).toEqual(new Uint8Array([8, 9]))
    expect(traced.byteLength).toBe(0)
  } finally {
    page[releaseProxy]()
    port1.close()
    port2.close()
  }
})

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

test('columns of samples are transferred as one buffer', async () => {
  const buffer = new Float64Array([1, 2, Number.NaN, 4])
  const none = { times: buffer.subarray(4), values: buffer.subarray(4) }
  const commands: Partial<TracedCommands> = {
    samples: async () => ({
      times: buffer.subarray(0, 2),
      columns: { searches: buffer.subarray(2) },
      points: { dht_lookup: none, search: none, install: none, gossip_propagation: none },
      events: [],
    }),
  }
  const { port1, port2 } = new MessageChannel()
  expose(transferResults(commands as TracedCommands), port1)
  const page = wrap<TracedCommands>(port2)
  try {
    const { times, columns } = await page.samples()
    expect([[...times], [...(columns['searches'] ?? [])]]).toEqual([
      [1, 2],
      [Number.NaN, 4],
    ])
    expect(times.buffer).toBe(columns['searches']?.buffer)
    expect(buffer.length).toBe(0)
  } finally {
    page[releaseProxy]()
    port1.close()
    port2.close()
  }
})

import { afterEach, expect, test } from 'vitest'
import { createEngineNetwork, eventually } from '../testing/network.ts'

const network = createEngineNetwork({ conditions: { delayMs: 0, jitterMs: 0 } })
afterEach(network.stopAll)

test('describing a package fetches nothing; a preview fetches its files and provider count', async ({ signal }) => {
  const [author, reader] = await network.startMany(['author', 'reader'])
  if (author === undefined || reader === undefined) throw new Error('unreachable')
  const { id } = await author.publish('kit', '1.0.0')
  await reader.meet(author)
  await eventually('the reader knows it', async () => (await reader.search({ text: '' })).total === 1, signal)

  const before = await reader.metrics()
  for (let time = 0; time < 3; time += 1) {
    const view = await reader.describe(id)
    expect(view.files).toBeUndefined()
    expect(view.heldBy).toBe(0)
  }
  // Longer than a fetch takes.
  await author.publish('later', '1.0.0')
  await eventually('the reader knows more', async () => (await reader.search({ text: '' })).total === 2, signal)
  expect(reader.updates.filter(({ kind }) => kind === 'package')).toEqual([])
  expect(await reader.disk.keys('manifests')).toEqual([])
  const after = await reader.metrics()
  expect(after['piece_bytes_received']).toBe(before['piece_bytes_received'])

  await reader.preview(id)
  const shown = await reader.describe(id)
  expect(shown.files?.length).toBeGreaterThan(0)
  expect(shown.heldBy).toBeGreaterThanOrEqual(1)
  await eventually(
    'the page hears of it',
    async () => reader.updates.some((each) => each.kind === 'package' && each.id === id),
    signal,
  )

  await expect(reader.preview('nobody/nothing')).rejects.toMatchObject({ name: 'PackageNotFound' })
})

test('a catalogue update names the packages whose views changed', async ({ signal }) => {
  const [author, reader] = await network.startMany(['author', 'reader'])
  if (author === undefined || reader === undefined) throw new Error('unreachable')
  await reader.meet(author)
  const { id } = await author.publish('kit', '1.0.0')
  await eventually(
    'the reader hears which',
    async () =>
      reader.updates.some((each) => each.kind === 'catalogue' && each.changed !== 'many' && each.changed.includes(id)),
    signal,
  )
})

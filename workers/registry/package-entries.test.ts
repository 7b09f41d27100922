import { expect, test } from 'vitest'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createHistory, createTestPublisher, toEntry } from '../testing/test-publisher.ts'
import { packageToEntries } from './package-entries.ts'
import { createRegistry } from './registry.ts'

const registryOf = () => createRegistry({ store: createMemoryStore(), crypto: webCrypto, onChange() {} })

test('the entries of a package give another catalogue the same package', async () => {
  const publisher = await createTestPublisher(1)
  const [here, there] = [registryOf(), registryOf()]
  await here.ingest((await createHistory(publisher, 'kit', ['1.2.0', '1.1.0', '2.0.0-rc.1'])).map(toEntry), {
    from: 'test',
  })
  const [found] = [...here.all()]
  if (found === undefined) throw new Error('it was not taken in')
  const [first, ...others] = packageToEntries(found, 'all')
  expect(first?.map(({ kind }) => kind)).toEqual(['identity', 'head', 'release'])
  expect(others.map((group) => group.length)).toEqual([1, 1])
  expect(packageToEntries(found, 'shown')).toEqual([first])

  await there.ingest(first ?? [], { from: 'here' })
  // The same version is shown there, although this catalogue has more releases.
  expect(there.get(found.id)?.latest?.version).toBe('1.2.0')
  const result = await there.ingest(others.flat(), { from: 'here' })
  expect(result).toMatchObject({ accepted: 2, rejected: 0 })
  expect(there.get(found.id)?.versions).toEqual(found.versions)
})

test('a disputed publisher or a package without a release has no entries', async () => {
  const publisher = await createTestPublisher(1)
  const registry = registryOf()
  const history = (await createHistory(publisher, 'kit', ['1.0.0'])).map(toEntry)
  await registry.ingest(
    history.filter(({ kind }) => kind !== 'release'),
    { from: 'test' },
  )
  const id = `${publisher.identity.publisherId}/kit`
  const without = registry.get(id)
  if (without === undefined) throw new Error('it was not taken in')
  expect(packageToEntries(without, 'all')).toEqual([])
  await registry.ingest(history, { from: 'test' })
  const found = registry.get(id)
  if (found === undefined) throw new Error('it was not taken in')
  expect(packageToEntries(found, 'shown')).toHaveLength(1)
  expect(packageToEntries({ ...found, disputed: true }, 'all')).toEqual([])
})

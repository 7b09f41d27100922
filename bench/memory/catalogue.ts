import { createHash } from 'node:crypto'
import type { Entry } from '../../workers/protocol/entry.ts'
import { createTestPublisher, toEntry } from '../../workers/testing/test-publisher.ts'
import { createCorpus } from '../search/corpus.ts'

/** Packages per publisher. */
const packagesEach = 100

/** Signs the entries of `count` packages with one release each and the texts of the search corpus. */
export const signPackages = async (count: number): Promise<Entry[]> => {
  const entries: Entry[] = []
  const { documents } = createCorpus(count)
  for (let number = 1; (number - 1) * packagesEach < count; number++) {
    const publisher = await createTestPublisher(number)
    entries.push(toEntry(await publisher.identityEntry()))
    for (const document of documents.slice((number - 1) * packagesEach, number * packagesEach)) {
      const { slug, name, description, category, tags, keywords, license } = document
      const release = await publisher.release(slug, '1.0.0', {
        displayName: name,
        description: description.slice(0, maxDescription).trim(),
        category,
        tags,
        keywords,
        license,
        root: new Uint8Array(createHash('sha256').update(slug).digest()),
      })
      const head = await publisher.head(slug, 1, [{ version: '1.0.0', release: release.release.hash }])
      entries.push(...head.map(toEntry), toEntry(release))
    }
  }
  return entries
}

/** Longest description of a release (characters). */
const maxDescription = 300

import type { Entry } from '../../workers/protocol/entry.ts'
import { createTestPublisher, toEntry } from '../../workers/testing/test-publisher.ts'

const publishers = 10

/** Signs packages of ten publishers, one release each, named `package-0` and so on. */
export const signNumberedPackages = async (count: number): Promise<Entry[]> => (await signInParts(count, 1)).flat()

/** The same packages in `parts` of equal size, none of which is in two parts. */
export const signInParts = async (count: number, parts: number): Promise<Entry[][]> => {
  const entriesByPart: Entry[][] = Array.from({ length: parts }, () => [])
  for (let number = 1; number <= publishers; number += 1) {
    const publisher = await createTestPublisher(number)
    const identity = toEntry(await publisher.identityEntry())
    for (const entries of entriesByPart) entries.push(identity)
    for (let n = number - 1; n < count; n += publishers) {
      const slug = `package-${n}`
      const release = await publisher.release(slug, '1.0.0', { description: `The package ${n} of many.` })
      const head = await publisher.head(slug, 1, [{ version: '1.0.0', release: release.release.hash }])
      entriesByPart[n % parts]?.push(...head.map(toEntry), toEntry(release))
    }
  }
  return entriesByPart
}

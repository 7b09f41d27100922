import { afterEach, expect, test } from 'vitest'
import type { PackageView } from '../../../workers/contract/views.ts'
import { type ShownPage, showPage, until } from '../../testing/shown-page.tsx'

const id = `${'a'.repeat(52)}/hello`
const other = `${'b'.repeat(52)}/other`

const pages: ShownPage[] = []
afterEach(() => {
  for (const page of pages.splice(0)) page.stop()
})

const viewOf = (root: string, heldBy = 1): PackageView => ({
  summary: {
    id,
    slug: 'hello',
    version: '1.0.0',
    name: 'hello',
    description: '',
    category: 'other',
    tags: [],
    publisher: 'a'.repeat(52),
    publisherName: 'someone',
    license: '',
    size: 1,
    publishedAt: 0,
  },
  displayName: 'hello',
  authors: [],
  keywords: [],
  repository: '',
  dependencies: [],
  dependents: [],
  versions: [
    {
      version: '1.0.0',
      root,
      size: 1,
      fileCount: 1,
      publishedAt: 0,
      yanked: false,
      installed: false,
      equivocation: false,
    },
  ],
  heldBy,
  publisher: { id: 'a'.repeat(52), name: 'someone', fingerprint: 'a'.repeat(52), trust: 'new' },
  namesakes: [],
})

/** The page of a package, and how often it asked the engine for what. */
const open = () => {
  const counts = { describe: 0, preview: 0 }
  const answers: (() => void)[] = []
  let view = viewOf('root one')
  let held = false
  const page = showPage(
    `/package/${id}`,
    {},
    {
      describe: () => {
        counts.describe += 1
        const value = view
        return held ? new Promise((resolve) => answers.push(() => resolve(value))) : Promise.resolve(value)
      },
      preview: async () => {
        counts.preview += 1
      },
    },
  )
  pages.push(page)
  return {
    ...page,
    counts,
    show(next: PackageView) {
      view = next
    },
    hold() {
      held = true
    },
    answer() {
      held = false
      for (const each of answers.splice(0)) each()
    },
  }
}

test('the page of a package asks again for what changed, and for nothing else', async () => {
  const page = open()
  await until('it is drawn and previewed', () => page.counts.preview === 1)
  expect(page.element.querySelector('.package')).not.toBeNull()
  const { describe } = page.counts

  page.tell([{ kind: 'catalogue', revision: 1, size: 9, changed: [other] }])
  page.tell([{ kind: 'catalogue', revision: 2, size: 9, changed: [id] }])
  await until('it asked again', () => page.counts.describe === describe + 1)
  // Its content is the same: it is not fetched again, and its providers are not counted again.
  page.tell([{ kind: 'package', id }])
  await until('it asked once more', () => page.counts.describe === describe + 2)
  expect(page.counts.preview).toBe(1)

  page.show(viewOf('root two'))
  page.tell([{ kind: 'catalogue', revision: 3, size: 9, changed: 'many' }])
  await until('the new content is previewed', () => page.counts.preview === 2)
  expect(page.counts.describe).toBe(describe + 3)
})

test('a change that comes while the page is asked for is not lost, and many cost one question more', async () => {
  const page = open()
  await until('it is drawn', () => page.counts.preview === 1)
  const { describe } = page.counts
  page.hold()
  page.tell([{ kind: 'catalogue', revision: 1, size: 9, changed: [id] }])
  await until('it asks', () => page.counts.describe === describe + 1)
  page.show(viewOf('root one', 42))
  for (let revision = 2; revision < 20; revision += 1)
    page.tell([{ kind: 'catalogue', revision, size: 9, changed: [id] }])
  page.answer()
  await until('the newest is drawn', () => page.element.innerText.includes('42'))
  expect(page.counts.describe).toBe(describe + 2)
})

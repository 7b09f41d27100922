import { expect, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import {
  dependencies,
  idOf,
  longPackage,
  otherPublisherId,
  packageFiles,
  packageView,
  packageWithoutFiles,
  summary,
  version,
} from '../../testing/fixtures/packages.ts'
import { engineError, failureText } from '../../testing/fixtures/reasons.ts'
import { byId, transfers } from '../../testing/fixtures/transfers.ts'
import { expectModal, expectTabOrder } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { controlText } from '../../text/controls.ts'
import { dependencyText } from '../../text/dependencies.ts'
import { noticeText } from '../../text/notices.ts'
import { packageText } from '../../text/package.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const hostileReadme = `# Kit

<script>alert(1)</script> <img src="https://example.org/x.png" onerror="alert(1)" alt="a picture">
[run](javascript:alert(1)) · [out](https://example.org) · [in](package.toml) · <style>body { display: none }</style>

| ${'wide '.repeat(60)} | b |
| --- | --- |
| 1 | 2 |

\`\`\`
${'x'.repeat(300)}
\`\`\`

- [x] done
- [ ] open

## Deep
${'W'.repeat(400)}
`

const address = (tab = 'readme', file?: string) =>
  `/package/${idOf('kit')}?tab=${tab}${file === undefined ? '' : `&file=${file}`}`
const describes = (view = packageView(), readme = '# Read\n\nme') => ({
  describe: async () => view,
  readFile: async () => bytes(readme),
})
const opens = (content: Uint8Array | 'ContentUnavailable' | 'Timeout') => ({
  describe: async () => packageView(),
  readFile: async () => (typeof content === 'string' ? Promise.reject(engineError(content)) : content),
})
const missing = (failure: 'PackageNotFound' | 'Internal') => ({
  describe: async () => Promise.reject(engineError(failure)),
})
const ask = { before: packageText.askNetwork, press: [packageText.askNetwork] }
const main = 'templates/server/main.rs.tera'
const own = packageView({
  publisher: { ...packageView().publisher, trust: 'self' },
  versions: [
    version('1.2.0', { installed: true }),
    version('1.1.0'),
    version('1.0.0', { yanked: true }),
    version('0.9.0', { equivocation: true }),
  ],
})

testViewStates([
  {
    name: 'the engine starts',
    address: address(),
    state: { engine: { phase: 'starting' } },
    shows: packageText.loading({ slug: 'kit' }),
  },
  { name: 'looked up', address: address(), shows: packageText.loading({ slug: 'kit' }) },
  { name: 'not in the catalogue', address: address(), answers: missing('PackageNotFound'), shows: packageText.missing },
  {
    name: 'not in the catalogue, while the network is asked',
    address: address(),
    answers: missing('PackageNotFound'),
    act: ask,
    shows: packageText.askingNetwork,
  },
  {
    name: 'found nowhere',
    address: address(),
    answers: { ...missing('PackageNotFound'), lookup: async () => ({ found: false, tookMs: 1, from: 'none' }) },
    act: ask,
    shows: packageText.notFound,
  },
  { name: 'not readable', address: address(), answers: missing('Internal'), shows: failureText('Internal') },

  { name: 'README', address: address(), answers: describes(), shows: 'me' },
  {
    name: 'README of hostile Markdown',
    address: address(),
    answers: describes(packageView(), hostileReadme),
    shows: packageText.image({ description: 'a picture' }),
  },
  {
    name: 'README on its way',
    address: address(),
    answers: { describe: async () => packageView() },
    shows: controlText.loading,
  },
  {
    name: 'README not on this device',
    address: address(),
    answers: describes(packageWithoutFiles),
    shows: packageText.readmeNotHere,
  },
  {
    name: 'no README',
    address: address(),
    answers: describes(packageView({ files: packageFiles.slice(1) })),
    shows: packageText.readmeMissing,
  },
  {
    name: 'README that is not text',
    address: address(),
    answers: opens(new Uint8Array([0, 1])),
    shows: packageText.readmeNotText,
  },

  { name: 'files', address: address('files'), answers: describes(), shows: 'main.rs.tera' },
  {
    name: 'files not on this device',
    address: address('files'),
    answers: describes(packageWithoutFiles),
    shows: packageText.filesNotHere,
  },
  {
    name: 'text file',
    address: address('files', main),
    answers: opens(bytes(`fn main() {}\n${'x'.repeat(3_000)}\n`.repeat(100))),
    shows: 'fn main() {}',
  },
  {
    name: 'file being read',
    address: address('files', main),
    answers: { describe: async () => packageView() },
    shows: controlText.loading,
  },
  {
    name: 'binary file',
    address: address('files', main),
    answers: opens(new Uint8Array([0, 255])),
    shows: packageText.fileNotText,
  },
  {
    name: 'empty file',
    address: address('files', main),
    answers: opens(new Uint8Array(0)),
    shows: packageText.fileEmpty,
  },
  {
    name: 'file too large to preview',
    address: address('files', 'big.bin'),
    answers: describes(packageView({ files: [{ path: 'big.bin', size: 50_000_000 }] })),
    shows: packageText.fileTooLarge({ limit: '10 MB' }),
  },
  {
    name: 'file not on this device',
    address: address('files', main),
    answers: opens('ContentUnavailable'),
    shows: packageText.fileNotHere,
  },
  {
    name: 'file that could not be read',
    address: address('files', main),
    answers: opens('Timeout'),
    shows: failureText('Timeout'),
  },

  { name: 'versions of a stranger', address: address('versions'), answers: describes(), shows: packageText.latest },
  {
    name: 'own versions: installed, yanked, signed twice',
    address: address('versions'),
    answers: describes(own),
    shows: packageText.conflicting,
  },
  {
    name: 'a version to be yanked',
    address: address('versions'),
    answers: describes(own),
    act: { before: packageText.latest, press: [packageText.yankVersion({ version: '1.1.0' })] },
    shows: packageText.yankConsequences,
  },

  {
    name: 'dependencies of every kind',
    address: address('dependencies'),
    answers: describes(packageView({ dependencies, dependents: [{ id: idOf('top'), slug: 'top' }] })),
    shows: dependencyText.external('crate'),
  },
  { name: 'no dependencies', address: address('dependencies'), answers: describes(), shows: dependencyText.none },

  {
    name: 'a new publisher with namesakes',
    address: address(),
    answers: describes(
      packageView({
        publisher: { ...packageView().publisher, trust: 'new' },
        namesakes: [{ id: idOf('kit', otherPublisherId), publisherName: 'bob' }],
      }),
    ),
    shows: packageText.namesakes,
  },
  {
    name: 'nothing optional is given',
    address: address(),
    answers: describes(
      packageView({
        summary: summary('kit', { description: '', license: '', tags: [], publishedAt: 0 }),
        authors: [],
        keywords: [],
        repository: '',
        heldBy: 0,
      }),
    ),
    shows: packageText.noLicence,
  },
  {
    name: 'an unsafe repository address',
    address: address(),
    answers: describes(packageView({ repository: 'javascript:alert(1)' })),
    shows: 'javascript:alert(1)',
  },
  {
    name: 'installed',
    address: address(),
    answers: describes(packageView({ versions: [version('1.2.0', { installed: true })] })),
    shows: controlText.openLibrary,
  },
  {
    name: 'an older version is installed',
    address: address(),
    answers: describes(packageView({ versions: [version('1.2.0'), version('1.1.0', { installed: true })] })),
    shows: packageText.updateTo({ version: '1.2.0' }),
  },
  {
    name: 'yanked',
    address: address(),
    answers: describes(packageView({ versions: [version('1.2.0', { yanked: true })] })),
    shows: packageText.yankedByPublisher,
  },
  {
    name: 'signed twice',
    address: address(),
    answers: describes(packageView({ versions: [version('1.2.0', { equivocation: true })] })),
    shows: packageText.conflict,
  },
  {
    name: 'being installed',
    address: address(),
    state: { transferById: byId(transfers.fetching) },
    answers: describes(),
    shows: '18 MB',
  },
  {
    name: 'texts of the greatest length',
    address: address('files'),
    answers: describes(longPackage()),
    shows: 'W'.repeat(100),
  },
  {
    name: 'dependencies of the greatest length',
    address: address('dependencies'),
    answers: describes(longPackage()),
    shows: 'd'.repeat(214),
  },
])

const id = idOf('kit')

test('a package that the network finds is shown', async () => {
  const describe = vi.fn(async () => Promise.reject(engineError('PackageNotFound')))
  const lookup = vi.fn(async () => {
    describe.mockImplementation(async () => packageView() as never)
    return { found: true, tookMs: 1, from: 'dht' as const }
  })
  await openState({ address: address(), answers: { describe, lookup }, shows: packageText.missing })
  await press(packageText.askNetwork)
  await untilShown('Service kit')
  expect(lookup.mock.calls).toEqual([[id]])
})

test('the arrow keys move between tabs, and the address follows', async () => {
  const page = await openState({ address: address(), answers: describes(), shows: 'me' })
  document.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus()
  await userEvent.keyboard('{ArrowRight}')
  await until('the files are shown', () => page.address() === `/package/${id}?tab=files`)
  await userEvent.keyboard('{ArrowLeft}')
  await until('the README is shown', () => page.address() === `/package/${id}`)
})

test('a file is opened from the list, read once, saved and left', async () => {
  const readFile = vi.fn(async () => bytes('fn main() {}'))
  const download = vi.spyOn(HTMLAnchorElement.prototype, 'click')
  const page = await openState({
    address: address('files'),
    answers: { ...describes(), readFile },
    shows: 'main.rs.tera',
  })
  await press(`${main}11 kB`)
  await untilShown('fn main() {}')
  expect(page.address()).toBe(`/package/${id}?tab=files&file=${encodeURIComponent(main)}`)
  expect(readFile.mock.calls).toEqual([[id, '1.2.0', main]])
  download.mockReset()
  await press(packageText.saveFile)
  await until('it is downloaded', () => download.mock.contexts.length === 1)
  expect(download.mock.contexts[0]).toHaveProperty('download', 'main.rs.tera')
  expect(readFile.mock.lastCall).toEqual([id, '1.2.0', main])
  download.mockRestore()
  await press(packageText.allFiles)
  await until('the list is back', () => page.address() === `/package/${id}?tab=files`)
})

test('a README leads to files of its package within the page, and elsewhere in another tab; nothing in it runs', async () => {
  const page = await openState({
    address: address(),
    answers: describes(packageView(), hostileReadme),
    shows: packageText.image({ description: 'a picture' }),
  })
  const markdown = page.element.querySelector('.markdown')
  expect(markdown?.querySelector('script, style, img, [onerror]')).toBeNull()
  const links = [...(markdown?.querySelectorAll('a') ?? [])].map(({ href, target, rel }) => ({ href, target, rel }))
  const out = { target: '_blank', rel: 'noopener noreferrer nofollow' }
  expect(links).toEqual([
    { href: 'https://example.org/x.png', ...out },
    { href: 'https://example.org/', ...out },
    { href: `${location.origin}/package/${id}?tab=files&file=package.toml`, target: '', rel: '' },
  ])
  await press('in')
  await until('the file is open', () => page.address() === `/package/${id}?tab=files&file=package.toml`)
})

test('a version is yanked after a question, and the package is read again', async () => {
  const describe = vi.fn(async () => own)
  const yank = vi.fn(async () => {})
  const opener = packageText.yankVersion({ version: '1.1.0' })
  await openState({ address: address('versions'), answers: { describe, yank }, shows: packageText.conflicting })
  await press(opener)
  await expectModal(opener)
  expect(yank).not.toHaveBeenCalled()
  const before = describe.mock.calls.length
  await press(opener)
  await untilShown(packageText.yankConsequences)
  await press(opener)
  await untilShown(noticeText.yanked({ name: 'kit 1.1.0' }))
  expect(yank.mock.calls).toEqual([[id, '1.1.0']])
  await until('it is read again', () => describe.mock.calls.length === before + 1)
})

test('only own versions can be yanked, and yanked ones neither again nor installed', async () => {
  await openState({ address: address('versions'), answers: describes(), shows: packageText.latest })
  expect(findControl(packageText.yankVersion({ version: '1.1.0' }))).toBeUndefined()
  expect(findControl(packageText.installVersion({ version: '1.1.0' }))).toBeDefined()
})

test('own versions that are yanked or installed have no such button', async () => {
  await openState({ address: address('versions'), answers: describes(own), shows: packageText.conflicting })
  expect(findControl(packageText.yankVersion({ version: '1.0.0' }))).toBeUndefined()
  expect(findControl(packageText.installVersion({ version: '1.0.0' }))).toBeUndefined()
  expect(findControl(packageText.installVersion({ version: '1.2.0' }))).toBeUndefined()
})

test('the keyboard reaches every control in order', async () => {
  const view = packageView({ namesakes: [{ id: idOf('kit', otherPublisherId), publisherName: 'bob' }] })
  await openState({ address: address(), answers: describes(view, hostileReadme), shows: packageText.namesakes })
  await untilShown(packageText.image({ description: 'a picture' }))
  await expectTabOrder()
})

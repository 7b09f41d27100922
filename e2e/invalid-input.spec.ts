import type { Page } from '@playwright/test'
import { craftZip, mode } from '../workers/testing/craft-zip.ts'
import { type Outcome, publish, type Recipe, readArchive, storedState } from './fixtures/outcomes.ts'
import { expect, test } from './fixtures/test.ts'

/** Invalid input from people and scripts: each is refused with a named failure and a message, and changes nothing. */

const manifest = (slug: string, version = '1.0.0'): Recipe => ({
  path: 'package.toml',
  text: `[package]\nname = "${slug}"\nversion = "${version}"\ndescription = "The ${slug} package"\n`,
})
const broken: Recipe = { path: 'package.toml', text: '[package]\nname = "orders"\nversion = = "1.0.0"\n' }
const withFile = (path: string, ...more: string[]): Recipe[] => [
  manifest('orders'),
  ...[path, ...more].map((each) => ({ path: each, text: 'x' })),
]

interface InvalidPackage {
  what: string
  files: Recipe[]
  name: string
  /** Pattern of the message. */
  says: RegExp
}

const invalidPackages: InvalidPackage[] = [
  {
    what: 'a manifest that is not TOML',
    files: [broken],
    name: 'ManifestUnreadable',
    says: /package\.toml.*line 3, column \d+/,
  },
  {
    what: 'no name in the manifest and no folder name',
    files: [{ path: 'package.toml', text: '[package]\nversion = "1.0.0"\n' }],
    name: 'NameMissing',
    says: /name/i,
  },
  {
    what: 'no version',
    files: [{ path: 'package.toml', text: '[package]\nname = "orders"\n' }],
    name: 'VersionMissing',
    says: /version/i,
  },
  { what: 'a version that is not semver', files: [manifest('orders', 'v1')], name: 'VersionInvalid', says: /v1/ },
  { what: 'an empty folder', files: [], name: 'PackageEmpty', says: /no files/ },
  { what: 'no manifest', files: [{ path: 'a.txt', text: 'x' }], name: 'ManifestMissing', says: /package\.toml/ },
  {
    what: '1,001 files',
    files: [manifest('orders'), ...Array.from({ length: 1000 }, (_, at) => ({ path: `f/${at}.txt`, text: 'x' }))],
    name: 'TooManyFiles',
    says: /1,001 files.*1,000/,
  },
  {
    what: '101 MB',
    files: [manifest('orders'), { path: 'big.bin', zeros: 101_000_000 }],
    name: 'PackageTooLarge',
    says: /101 MB.*100 MB.*big\.bin/,
  },
  { what: 'a path with ..', files: withFile('templates/../../x'), name: 'PathUnsafe', says: /\.\./ },
  { what: 'a path that begins with ..', files: withFile('../x'), name: 'PathUnsafe', says: /\.\./ },
  { what: 'an absolute path', files: withFile('/etc/passwd'), name: 'PathUnsafe', says: /absolute/ },
  { what: 'a drive letter', files: withFile('C:/x'), name: 'PathUnsafe', says: /drive letter/ },
  { what: 'a backslash', files: withFile('..\\x'), name: 'PathUnsafe', says: /backslash/ },
  { what: 'a NUL in a path', files: withFile('a\u0000.txt'), name: 'PathUnsafe', says: /control character/ },
  { what: 'names equal under case folding', files: withFile('A.txt', 'a.txt'), name: 'PathCollision', says: /A\.txt/ },
  {
    what: 'names equal under case folding of ß',
    files: withFile('straße.md', 'STRASSE.md'),
    name: 'PathCollision',
    says: /same name/,
  },
  { what: 'one path twice', files: withFile('a.txt', 'a.txt'), name: 'PathCollision', says: /twice/ },
  { what: 'a file where a folder must be', files: withFile('a', 'a/b'), name: 'PathCollision', says: /folder/ },
  {
    what: 'changed files under a published version',
    files: [manifest('kept'), { path: 'a.txt', text: 'not kept\n' }],
    name: 'VersionExists',
    says: /kept 1\.0\.0/,
  },
]

const expectRefused = (outcome: Outcome, name: string, says: RegExp, what: string): void => {
  expect.soft(outcome, what).toMatchObject({ failed: true, name })
  if (outcome.failed) expect.soft(outcome.message, what).toMatch(says)
}

/** Publishes a valid package, which a failure could lose. */
const publishKept = async (page: Page): Promise<void> => {
  const good = await publish(page, [manifest('kept'), { path: 'a.txt', text: 'kept\n' }])
  expect(good).toMatchObject({ failed: false })
}

/** After all failures, the same page still publishes. */
const expectStillWorks = async (page: Page): Promise<void> => {
  expect(await publish(page, [manifest('after'), { path: 'a.txt', text: 'after\n' }])).toMatchObject({ failed: false })
  expect((await storedState(page)).packages).toHaveLength(2)
}

test('each invalid package fails by name and changes nothing', async ({ join }) => {
  const { page } = await join()
  await publishKept(page)
  const before = await storedState(page)
  expect(before.total).toBe(1)
  expect(Object.keys(before.rows).filter((row) => row.startsWith('pieces '))).toHaveLength(1)

  for (const { what, files, name, says } of invalidPackages) {
    expectRefused(await publish(page, files), name, says, what)
    expectRefused(await publish(page, files, { dryRun: true }), name, says, `${what}, dry run`)
    expect.soft(await storedState(page), what).toEqual(before)
  }
  const good = [manifest('dry'), { path: 'a.txt', text: 'dry\n' }]
  expect(await publish(page, good, { dryRun: true })).toMatchObject({ failed: false })
  expect(await storedState(page), 'a dry run of a good package').toEqual(before)
  await expectStillWorks(page)
})

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const goodManifest = { path: 'package.toml', bytes: text(manifest('zipped').text ?? '') }
const symlink = mode(0o120777)

test('each invalid archive fails by name and changes nothing', async ({ join }) => {
  const { page } = await join()
  await publishKept(page)
  const before = await storedState(page)
  const zeros = new Uint8Array(60_000_000)
  const invalidArchives: { what: string; archive: Uint8Array; name: string; says: RegExp }[] = [
    {
      what: 'a link out of the package',
      archive: await craftZip([goodManifest, { path: 'a', bytes: text('/etc/passwd'), attributes: symlink }]),
      name: 'LinkRefused',
      says: /“?a”?.*link/,
    },
    {
      what: 'a link within the package',
      archive: await craftZip([goodManifest, { path: 'a', bytes: text('package.toml'), attributes: symlink }]),
      name: 'LinkRefused',
      says: /link/,
    },
    {
      what: 'a bomb: 60 MB in 60 KB',
      archive: await craftZip([goodManifest, { path: 'zeros', bytes: zeros, deflate: true }]),
      name: 'ArchiveTooLarge',
      says: /60 MB/,
    },
    {
      what: 'a bomb: 120 MB in total',
      archive: await craftZip([
        goodManifest,
        { path: 'zeros', bytes: zeros, deflate: true },
        { path: 'more', bytes: zeros, deflate: true },
      ]),
      name: 'ArchiveTooLarge',
      says: /100 MB/,
    },
    {
      what: 'a bomb that declares 10 bytes',
      archive: await craftZip([goodManifest, { path: 'zeros', bytes: zeros, deflate: true, size: 10 }]),
      name: 'ArchiveUnreadable',
      says: /zeros.*declared size/,
    },
    {
      what: 'entries that share their data',
      archive: await craftZip([goodManifest, { ...goodManifest, path: 'again', sharesDataOf: 0 }]),
      name: 'ArchiveUnreadable',
      says: /overlap/i,
    },
    ...(await Promise.all(
      ['../x', '/etc/x', 'a\\..\\x', 'a\u0000b'].map(async (path) => ({
        what: `the path ${JSON.stringify(path)}`,
        archive: await craftZip([goodManifest, { path, bytes: text('x') }]),
        name: 'PathUnsafe',
        says: /path/,
      })),
    )),
    {
      what: 'names equal under case folding',
      archive: await craftZip([goodManifest, ...['A', 'a'].map((path) => ({ path, bytes: text('x') }))]),
      name: 'PathCollision',
      says: /same name/,
    },
    {
      what: '1,001 files',
      archive: await craftZip(Array.from({ length: 1001 }, (_, at) => ({ path: `${at}`, bytes: text('x') }))),
      name: 'TooManyFiles',
      says: /1,001 files/,
    },
    {
      what: 'a wrong checksum',
      archive: await craftZip([{ ...goodManifest, crc32: 1 }]),
      name: 'ArchiveUnreadable',
      says: /package\.toml/,
    },
    {
      what: 'text in place of an archive',
      archive: text('this is not an archive'),
      name: 'ArchiveUnreadable',
      says: /not a zip archive/,
    },
    { what: 'no bytes', archive: new Uint8Array(), name: 'ArchiveUnreadable', says: /archive/ },
    {
      what: 'half an archive',
      archive: (await craftZip([goodManifest])).subarray(0, 60),
      name: 'ArchiveUnreadable',
      says: /archive/,
    },
  ]
  for (const { what, archive, name, says } of invalidArchives)
    expectRefused(await readArchive(page, archive), name, says, what)
  expect(await storedState(page)).toEqual(before)

  const good = await craftZip([goodManifest, { path: 'a.txt', bytes: text('x') }])
  expect(await readArchive(page, good)).toEqual({ failed: false, value: ['package.toml', 'a.txt'] })
  await expectStillWorks(page)
})

test('the page shows where a manifest is broken and refuses a hostile archive', async ({ join }) => {
  const { page } = await join()
  await publishKept(page)
  const before = await storedState(page)
  await page.getByRole('link', { name: 'Publish' }).click()
  const archiveInput = page.getByLabel('Package zip archive')

  const zip = async (...entries: Parameters<typeof craftZip>[0]) => ({
    name: 'orders.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from(await craftZip(entries)),
  })
  await archiveInput.setInputFiles(await zip(goodManifest, { path: 'a', bytes: text('b'), attributes: symlink }))
  await expect(page.getByText('LinkRefused')).toBeVisible()
  await expect(page.getByText('Nothing was changed.')).toBeVisible()
  await page.getByRole('button', { name: 'Choose something else' }).click()

  await archiveInput.setInputFiles(await zip({ path: 'package.toml', bytes: text(broken.text ?? '') }))
  await expect(page.getByText('ManifestUnreadable')).toBeVisible()
  await expect(page.getByText(/package\.toml:3:\d+/)).toBeVisible()
  expect(await storedState(page)).toEqual(before)
})

test('arguments of a wrong type or with unknown ids fail by name', async ({ join }) => {
  const { page } = await join()
  await publishKept(page)
  const before = await storedState(page)
  const names = await page.evaluate(async () => {
    const failureOf = async (work: () => Promise<unknown>): Promise<string> => {
      try {
        return `resolved with ${JSON.stringify(await work())}`
      } catch (error) {
        return (error as Error).name
      }
    }
    const nothing = undefined as never
    const { ggen } = window
    const absent = '/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
    return {
      'publish nothing': await failureOf(() => ggen.publish(nothing)),
      'publish wrong types': await failureOf(() => ggen.publish([{ path: 1, bytes: 'text' }] as never)),
      'install nothing': await failureOf(() => ggen.install(nothing)),
      'install an empty name': await failureOf(() => ggen.install([''])),
      'install an unknown package': await failureOf(() => ggen.install(['nobody-has-this'])),
      'install an unknown version': await failureOf(() => ggen.install(['kept@^2'])),
      'read no archive': await failureOf(() => ggen.readArchive(nothing)),
      'describe an unknown package': await failureOf(() => ggen.describe('x/y')),
      'look up an invalid id': await failureOf(() => ggen.lookup('x')),
      'read a file of an unknown package': await failureOf(() => ggen.readFile('x/y', '1.0.0', 'a')),
      'uninstall an unknown package': await failureOf(() => ggen.uninstall('x/y', '1.0.0')),
      'yank an unknown package': await failureOf(() => ggen.yank('x/y', '1.0.0')),
      'connect to an invalid address': await failureOf(() => ggen.connect('nowhere')),
      'connect to an absent peer': await failureOf(() => ggen.connect(absent)),
    }
  })
  expect
    .soft(names)
    .toEqual({
      'publish nothing': 'InvalidArgument',
      'publish wrong types': 'InvalidArgument',
      'install nothing': 'InvalidArgument',
      'install an empty name': 'InvalidArgument',
      'install an unknown package': 'PackageNotFound',
      'install an unknown version': 'VersionNotFound',
      'read no archive': 'InvalidArgument',
      'describe an unknown package': 'PackageNotFound',
      'look up an invalid id': 'InvalidArgument',
      'read a file of an unknown package': 'VersionNotFound',
      'uninstall an unknown package': 'NotInstalled',
      'yank an unknown package': 'InvalidArgument',
      'connect to an invalid address': 'InvalidArgument',
      'connect to an absent peer': 'PeerUnreachable',
    })
  expect(await storedState(page)).toEqual(before)
  await expectStillWorks(page)
})

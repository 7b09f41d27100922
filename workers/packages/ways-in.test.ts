import { describe, expect, test } from 'vitest'
import { toPickedFolder } from '../../src/lib/picked-files.ts'
import { type Folder, walkFolder } from '../../src/lib/walk-folder.ts'
import type { FileInput, LeftOut, PackageCheck } from '../contract/views.ts'
import { craftZip, mode } from '../testing/craft-zip.ts'
import { goodManifest } from '../testing/package-files.ts'
import { readArchive } from './read-archive.ts'
import { readPackage } from './read-package.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A project on a disk, with files that do not belong to its package. */
const tree: Readonly<Record<string, string>> = {
  'package.toml': goodManifest(),
  'README.md': '# Orders\n',
  'templates/a.tmpl': 'x',
  'templates/.vscode/settings.json': '{}',
  'templates/target/kept.tmpl': 'x',
  'docs/build-notes.md': 'x',
  'src/target.rs': 'x',
  'Cargo.toml': '[package]\nname = "orders"\n',
  '.gitignore': 'target\n',
  '.git/config': 'url = https://user:EXAMPLE-TOKEN@git.example/x.git\n',
  '.git/HEAD': 'ref: refs/heads/main\n',
  '.GIT/objects/a': 'x',
  'crates/one/.git': 'gitdir: ../../.git/modules/one\n',
  '.hg/store': 'x',
  '.svn/wc.db': 'x',
  'node_modules/left/package.json': '{}',
  'web/node_modules/.bin/x': 'x',
  'target/debug/orders': 'x',
  'crates/one/Cargo.toml': '[package]\nname = "one"\n',
  'crates/one/target/x': 'x',
  'dist/app.js': 'x',
  '__pycache__/a.pyc': 'x',
  'tools/b.pyc': 'x',
  '.idea/workspace.xml': 'x',
  '.DS_Store': 'x',
  'templates/.DS_Store': 'x',
  'Thumbs.db': 'x',
  'desktop.ini': 'x',
  '._package.toml': 'x',
  'notes/.env': 'A=1\n',
  'notes/deploy.yaml': 'token: ghp_0123456789012345678901234567890123456789\n',
}

const kept = [
  ...['.gitignore', 'Cargo.toml', 'README.md', 'crates/one/Cargo.toml', 'docs/build-notes.md'],
  ...['notes/.env', 'notes/deploy.yaml', 'package.toml', 'src/target.rs'],
  ...['templates/.vscode/settings.json', 'templates/a.tmpl', 'templates/target/kept.tmpl'],
]

const leftOut: LeftOut[] = [
  { name: '.DS_Store', reason: 'system', files: 2 },
  { name: '._package.toml', reason: 'system', files: 1 },
  { name: '.git', reason: 'version-control', files: 4 },
  { name: '.hg', reason: 'version-control', files: 1 },
  { name: '.idea', reason: 'editor', files: 1 },
  { name: '.svn', reason: 'version-control', files: 1 },
  { name: 'Thumbs.db', reason: 'system', files: 1 },
  { name: '__pycache__', reason: 'cache', files: 1 },
  { name: 'b.pyc', reason: 'cache', files: 1 },
  { name: 'desktop.ini', reason: 'system', files: 1 },
  { name: 'dist', reason: 'build', files: 1 },
  { name: 'node_modules', reason: 'dependencies', files: 2 },
  { name: 'target', reason: 'build', files: 2 },
]

const checkOf = (files: readonly FileInput[], before: readonly LeftOut[] = []): PackageCheck =>
  readPackage(files, { folder: 'orders', leftOut: before, knownVersions: () => undefined }).check

/** The tree as a picker hands it over: folders whose children are asked for. */
const folderOf = (name: string, files: Readonly<Record<string, string>>): Folder => ({
  name,
  async *children() {
    const names = new Set(Object.keys(files).map((path) => path.split('/', 1)[0] ?? ''))
    for (const child of names) {
      const content = files[child]
      const below = Object.entries(files).filter(([path]) => path.startsWith(`${child}/`))
      if (content !== undefined) {
        const bytes = bytesOf(content)
        yield { name: child, open: async () => ({ size: bytes.length, arrayBuffer: async () => bytes.slice().buffer }) }
      } else
        yield folderOf(child, Object.fromEntries(below.map(([path, text]) => [path.slice(child.length + 1), text])))
    }
  },
})

const throughFolder = async (name: string): Promise<PackageCheck> => {
  const picked = toPickedFolder(await walkFolder(folderOf(name, tree)))
  const files: FileInput[] = []
  for (const { path, content } of picked.files) files.push({ path, bytes: new Uint8Array(await content.arrayBuffer()) })
  return checkOf(files, picked.leftOut)
}

const throughInput = async (): Promise<PackageCheck> => {
  const picked = toPickedFolder({
    files: Object.entries(tree).map(([path, text]) => ({
      path: `orders/${path}`,
      content: { size: text.length, arrayBuffer: async () => bytesOf(text).slice().buffer },
    })),
    skipped: [],
  })
  const files: FileInput[] = []
  for (const { path, content } of picked.files) files.push({ path, bytes: new Uint8Array(await content.arrayBuffer()) })
  return checkOf(files, picked.leftOut)
}

const throughZip = async (toPath: (path: string) => string, others: readonly string[] = []): Promise<PackageCheck> => {
  const entries = Object.entries(tree).map(([path, text]) => ({ path: toPath(path), bytes: bytesOf(text) }))
  const archive = await craftZip([...others.map((path) => ({ path })), ...entries])
  const read = await readArchive(archive)
  return checkOf(read.files, read.leftOut)
}

const ways: Record<string, () => Promise<PackageCheck>> = {
  'a folder picker': () => throughFolder('orders'),
  'a drop of what is in the folder': () => throughFolder(''),
  'a file input': throughInput,
  'a zip': () => throughZip((path) => path),
  'a zip with a top folder': () => throughZip((path) => `orders/${path}`),
  'a zip with folder entries': () =>
    throughZip((path) => `orders/${path}`, ['orders/', 'orders/.git/', 'orders/target/']),
  'a zip of tar, with ./': () => throughZip((path) => `./${path}`, ['./', './node_modules/']),
  'a zip of tar with a top folder': () => throughZip((path) => `./orders/${path}`, ['./orders/']),
  'a zip with a root entry': () => throughZip((path) => path, ['/']),
  'a zip of Windows, with backslashes': () =>
    throughZip((path) => `orders\\${path.replaceAll('/', '\\')}`, ['orders\\']),
  'window.ggen': async () => checkOf(Object.entries(tree).map(([path, text]) => ({ path, bytes: bytesOf(text) }))),
}

describe('the same tree gives the same package through', () => {
  test.each(Object.entries(ways))('%s', async (_, read) => {
    const check = await read()
    expect(check.files.map(({ path }) => path)).toEqual(kept)
    expect(check.leftOut).toEqual(leftOut)
    expect(check).toEqual(await ways['window.ggen']?.())
    const blocked = check.findings.filter(({ level }) => level === 'error')
    expect(blocked.map(({ name, path }) => [name, path])).toEqual([
      ['PrivateFile', 'notes/.env'],
      ['PrivateFile', 'notes/deploy.yaml'],
    ])
    // Exclusions are reported without their contents.
    expect(check.findings.filter(({ name }) => name === 'LeftOut')).toHaveLength(leftOut.length)
    expect(JSON.stringify(check)).not.toMatch(/EXAMPLE-TOKEN|ghp_/)
  })
})

test('a top folder of any name is the package, even a name that is excluded deeper', async () => {
  for (const name of ['target', 'node_modules', '.vscode', 'build']) {
    const { folder, files } = await readArchive(
      await craftZip([{ path: `${name}/package.toml` }, { path: `${name}/a` }]),
    )
    expect({ folder, files: files.map(({ path }) => path) }).toEqual({ folder: name, files: ['package.toml', 'a'] })
    const picked = toPickedFolder(await walkFolder(folderOf(name, { 'package.toml': 'x', a: 'x' })))
    expect(picked.files.map(({ path }) => path)).toEqual(['package.toml', 'a'])
  }
})

test('version control history is never a package, even if nothing else was chosen', async () => {
  for (const name of ['.git', '.GIT', '.hg', '.svn']) {
    const { files, leftOut: left } = await readArchive(
      await craftZip([{ path: `${name}/config` }, { path: `${name}/a` }]),
    )
    expect(files).toEqual([])
    expect(left).toEqual([{ name, reason: 'version-control', files: 2 }])
    expect(toPickedFolder(await walkFolder(folderOf(name, { config: 'x', a: 'x' }))).files).toEqual([])
    const given = [{ path: `${name}/config`, bytes: bytesOf('x') }]
    const typed = { fields: { slug: 'a', version: '1.0.0' }, knownVersions: () => undefined }
    expect(readPackage(given, typed).check).toMatchObject({ ok: false, files: [] })
  }
})

test('files that macOS adds beside the top folder hide neither it nor its files', async () => {
  const {
    folder,
    files,
    leftOut: left,
  } = await readArchive(
    await craftZip([
      { path: 'p/' },
      { path: 'p/a' },
      { path: '__MACOSX/' },
      { path: '__MACOSX/p/._a', bytes: bytesOf('x') },
    ]),
  )
  expect(folder).toBe('p')
  expect(files.map(({ path }) => path)).toEqual(['a'])
  expect(left).toEqual([{ name: '__MACOSX', reason: 'system', files: 1 }])
})

test('links, limits, sizes and paths of excluded archive entries refuse nothing', async () => {
  const archive = await craftZip([
    { path: 'package.toml' },
    { path: 'node_modules/.bin/tool', bytes: bytesOf('../x'), attributes: mode(0o120777) },
    { path: '.git/a\0b', bytes: bytesOf('x') },
    { path: '.git/refs/heads/con' },
    { path: 'target/huge', size: 4_000_000_000 },
    ...Array.from({ length: 6_000 }, (_, n) => ({ path: `node_modules/p/${n}` })),
  ])
  const { files, leftOut: left } = await readArchive(archive)
  expect(files.map(({ path }) => path)).toEqual(['package.toml'])
  expect(left.map(({ name, files: count }) => [name, count])).toEqual([
    ['.git', 2],
    ['node_modules', 6_001],
    ['target', 1],
  ])
})

describe('build output', () => {
  const leftOutOf = (files: Readonly<Record<string, string>>): string[] =>
    checkOf(Object.entries(files).map(([path, text]) => ({ path, bytes: bytesOf(text) }))).leftOut.map(
      ({ name }) => name,
    )

  test('is excluded at the top level and beside a build file', () => {
    expect(
      leftOutOf({
        'package.toml': goodManifest(),
        'build/a': 'x',
        'Dist/b': 'x',
        'web/package.json': '{}',
        'web/out/c': 'x',
      }),
    ).toEqual(['build', 'dist', 'out'])
    expect(
      leftOutOf({ 'package.toml': goodManifest(), 'templates/dist/a.tmpl': 'x', 'docs/build': 'x', 'out.txt': 'x' }),
    ).toEqual([])
  })

  test('is kept if the manifest names it; a script of that name does not count', () => {
    const json = (rest: string): string => `{"name": "x", "version": "1.0.0", "scripts": {"build": "tsc"}${rest}}`
    expect(leftOutOf({ 'package.json': json(', "files": ["dist"]'), 'dist/a.js': 'x', 'build/b': 'x' })).toEqual([
      'build',
    ])
    expect(leftOutOf({ 'package.json': json(', "main": "./dist/a.js"'), 'dist/a.js': 'x' })).toEqual([])
    expect(leftOutOf({ 'package.json': json(''), 'dist/a.js': 'x', 'build/b': 'x' })).toEqual(['build', 'dist'])
  })
})

test('a large excluded folder does not stop the walk, and its files are counted up to a limit', async () => {
  const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [`target/d${n % 10}/${n}`, 'x']))
  const picked = await walkFolder(folderOf('p', { ...many, 'package.toml': 'x', 'z.txt': 'x' }))
  expect(picked.files.map(({ path }) => path)).toEqual(['p/package.toml', 'p/z.txt'])
  expect(picked.skipped).toEqual([{ name: 'target', reason: 'build', files: 1_000, atLeast: true }])
})

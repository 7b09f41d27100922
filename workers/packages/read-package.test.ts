import { describe, expect, test } from 'vitest'
import type { Finding } from '../contract/views.ts'
import { filesOf, goodManifest } from '../testing/package-files.ts'
import { type ReadPackageOptions, readPackage } from './read-package.ts'

const read = (contents: Record<string, string | Uint8Array>, options: Partial<ReadPackageOptions> = {}) =>
  readPackage(filesOf(contents), { knownVersions: () => undefined, ...options }).check

const errors = (findings: readonly Finding[]) => findings.filter((finding) => finding.level === 'error')
const named = (findings: readonly Finding[], name: string) => findings.filter((finding) => finding.name === name)

describe('a good package', () => {
  test('gives its fields, files and size, and no finding', () => {
    const { files, check } = readPackage(
      filesOf({
        'z.ttl': '@prefix a: <b> .',
        'package.toml': goodManifest(
          'tags = ["a", "b", "a"]\nkeywords = ["c"]\nauthor = "Ann"\nrepository = "https://example.org/x"',
        ),
        'README.md': '# Orders',
      }),
      { knownVersions: () => undefined },
    )
    expect(check).toEqual({
      ok: true,
      findings: [],
      fields: {
        slug: 'orders',
        version: '1.2.3',
        displayName: 'orders',
        description: 'Order handling',
        category: 'enterprise',
        tags: ['a', 'b'],
        keywords: ['c'],
        license: 'MIT',
        authors: ['Ann'],
        repository: 'https://example.org/x',
      },
      manifestPath: 'package.toml',
      dependencies: [],
      files: [
        { path: 'README.md', size: 8 },
        { path: 'package.toml', size: expect.any(Number) },
        { path: 'z.ttl', size: 16 },
      ],
      size: expect.any(Number),
      leftOut: [],
    })
    expect(files.map((file) => file.path)).toEqual(['README.md', 'package.toml', 'z.ttl'])
  })

  test('keeps the executable bit and does not copy bytes', () => {
    const given = [{ path: 'run.sh', bytes: new Uint8Array(3), executable: true }]
    const { files } = readPackage(given, { knownVersions: () => undefined })
    expect(files[0]).toBe(given[0])
  })

  test.each([
    ['pack.toml', '[pack]\nid = "p.q"\nname = "A Pack"\nversion = "1.0.0"\npackages = ["base"]', 'p.q', 'A Pack'],
    ['gpack.toml', '[gpack]\nid = "io.x"\nname = "Gee"\nversion = "1.0.0"', 'io.x', 'Gee'],
    ['package.toml', 'name = "flat"\nversion = "1.0.0"', 'flat', 'flat'],
    ['package.json', '{"name": "node-pkg", "version": "1.0.0"}', 'node-pkg', 'node-pkg'],
    ['package.toml', '\ufeff[package]\nname = "bom"\nversion = "1.0.0"\r\n', 'bom', 'bom'],
    ['package.toml', '[[package]]\nname = "twice"\nversion = "1.0.0"', 'twice', 'twice'],
  ])('is read from %s', (path, text, slug, displayName) => {
    const check = read({ [path]: text })
    expect(errors(check.findings)).toEqual([])
    expect(check.fields).toMatchObject({ slug, displayName, version: '1.0.0', category: 'uncategorized' })
  })

  test('is found in the one common top folder, whose name counts', () => {
    const check = read({
      'Big Orders/package.toml': '[package]\nname = "Ordering!"\nversion = "1.0.0"',
      'Big Orders/a/b': '',
    })
    expect(check).toMatchObject({ ok: true, manifestPath: 'Big Orders/package.toml', fields: { slug: 'big-orders' } })
    expect(check.files.map((file) => file.path)).toEqual(['Big Orders/a/b', 'Big Orders/package.toml'])
  })

  test('is not looked for deeper, nor in one of two folders', () => {
    expect(errors(read({ 'a/b/package.toml': goodManifest() }).findings)).toMatchObject([{ name: 'ManifestMissing' }])
    expect(errors(read({ 'a/package.toml': goodManifest(), 'b/x': '' }).findings)).toMatchObject([
      { name: 'ManifestMissing' },
    ])
  })

  test('with several manifests takes the first by precedence and says so', () => {
    const json = '{"name": "other", "version": "2.0.0"}'
    const check = read({
      'package.json': json,
      'gpack.toml': '[gpack]\nname="g"\nversion="1.0.0"',
      'pack.toml': goodManifest(),
    })
    expect(check.manifestPath).toBe('pack.toml')
    expect(named(check.findings, 'SeveralManifests')).toMatchObject([
      { level: 'note', reason: { others: ['gpack.toml', 'package.json'], more: 0 } },
    ])
  })

  test('is read from package.json with objects for people, licence and repository', () => {
    const check = read({
      'package.json': JSON.stringify({
        name: '@scope/thing',
        version: '1.0.0',
        author: { name: 'Ann', email: 'ann@example.org' },
        contributors: ['Bob'],
        license: { type: 'ISC', url: 'x' },
        repository: { type: 'git', url: 'git+https://example.org/x.git' },
        ggen: { category: 'API', tags: ['t'] },
      }),
    })
    expect(check.fields).toMatchObject({
      slug: 'scope-thing',
      displayName: '@scope/thing',
      authors: ['Ann <ann@example.org>'],
      license: 'ISC',
      repository: 'https://example.org/x.git',
      category: 'api',
      tags: ['t'],
    })
  })
})

describe('bad input', () => {
  test('no files', () => {
    expect(errors(read({}).findings)).toMatchObject([{ name: 'PackageEmpty' }])
  })

  test('1,001 files', () => {
    const given = filesOf({ 'package.toml': goodManifest() })
    for (let i = 0; i < 1000; i++) given.push({ path: `f${i}`, bytes: new Uint8Array(0) })
    const { check } = readPackage(given, { knownVersions: () => undefined })
    expect(errors(check.findings)).toMatchObject([{ name: 'TooManyFiles', reason: { count: 1001, limit: 1000 } }])
    expect(readPackage(given.slice(0, 1000), { knownVersions: () => undefined }).check.ok).toBe(true)
  })

  test('101 MB', () => {
    const large = new Uint8Array(50_500_000)
    const check = read({ 'package.toml': goodManifest(), 'a.bin': '' })
    const given = [
      ...filesOf({ 'package.toml': goodManifest() }),
      { path: 'a.bin', bytes: large },
      { path: 'b.bin', bytes: large },
    ]
    const over = readPackage(given, { knownVersions: () => undefined }).check
    expect(check.ok).toBe(true)
    expect(errors(over.findings)).toMatchObject([
      {
        name: 'PackageTooLarge',
        reason: { bytes: 101_000_000 + goodManifest().length, limit: 100_000_000, largest: 'a.bin' },
        path: 'a.bin',
      },
    ])
  })

  test.each([
    ['../x', 'dot-part'],
    ['a/../b', 'dot-part'],
    ['./a', 'dot-part'],
    ['/etc/passwd', 'absolute'],
    ['a\\b', 'backslash'],
    ['C:x', 'drive'],
    ['a\0b', 'hidden-character'],
    ['', 'empty'],
    ['a//b', 'empty-part'],
    ['con.txt', 'reserved-name'],
    ['trailing.', 'trailing-dot'],
    ['x'.repeat(300), 'part-too-long'],
  ])('the path %j', (path, fault) => {
    const check = read({ 'package.toml': goodManifest(), [path]: 'x' })
    expect(check.ok).toBe(false)
    expect(errors(check.findings)).toMatchObject([{ name: 'PathUnsafe', path, reason: { path, fault } }])
  })

  test('names both paths that collide', () => {
    const check = read({ 'package.toml': goodManifest(), 'docs/A.md': '', 'Docs/a.md': '', 'x/y': '', x: '' })
    expect(errors(check.findings)).toMatchObject([
      { name: 'PathCollision', reason: { kind: 'same-name', path: 'docs/A.md', other: 'Docs/a.md' } },
      { name: 'PathCollision', reason: { kind: 'file-and-folder', path: 'x/y', other: 'x' } },
    ])
  })

  test('two paths that differ in their Unicode form only', () => {
    const check = read({ 'package.toml': goodManifest(), 'caf\u00e9': '', 'cafe\u0301': '' })
    expect(errors(check.findings)).toMatchObject([{ name: 'PathCollision' }])
    expect(named(check.findings, 'PathNormalized')).toMatchObject([{ level: 'note', path: 'caf\u00e9' }])
  })

  test('no manifest', () => {
    const check = read({ 'README.md': 'x' }, { folder: 'My Folder' })
    expect(check.findings).toMatchObject([{ level: 'error', name: 'ManifestMissing' }])
    expect(check.fields.slug).toBe('my-folder')
    expect(check.manifestPath).toBeUndefined()
  })

  test('no manifest, but typed fields', () => {
    const check = read({ 'README.md': 'x' }, { fields: { slug: 'typed', version: '1.0.0' } })
    expect(check.ok).toBe(true)
    expect(check.findings[0]).toMatchObject({ level: 'warning', name: 'ManifestMissing' })
  })

  test.each([
    ['[package\nname = "x"', 1, 9],
    ['[package]\nname = "broken\nversion = "1.0.0"\n', 2, 15],
    ['[package]\nname = "a"\nname = "b"', 3, 1],
    ['[package]\nname = "a"\n\n  version 1.0.0', 4, 11],
  ])('a manifest that is no TOML: %j', (text, line, column) => {
    const check = read({ 'package.toml': text })
    expect(errors(check.findings)).toMatchObject([{ name: 'ManifestUnreadable', path: 'package.toml', line, column }])
    expect(errors(check.findings)[0]?.reason).toMatchObject({ fault: 'not-toml', line, column })
  })

  test('a manifest that is no JSON', () => {
    const check = read({ 'package.json': '{\n  "name": "node-pkg",\n  "version": "1.0.0",\n}' })
    expect(check.findings).toMatchObject([
      { name: 'ManifestUnreadable', line: 4, column: 1 },
      { level: 'warning', name: 'ReadmeMissing' },
    ])
    expect(check.fields).toMatchObject({ slug: 'node-pkg', version: '1.0.0' })
  })

  test('a manifest that is JSON, but no object', () => {
    expect(errors(read({ 'package.json': '[1]' }).findings)).toMatchObject([
      { name: 'ManifestUnreadable', line: 1, column: 1 },
    ])
  })

  test('a manifest that is no text', () => {
    const bytes = new TextEncoder().encode('[package]\nname = "x?"')
    bytes[bytes.length - 2] = 0xff
    expect(errors(read({ 'package.toml': bytes }).findings)).toMatchObject([
      { name: 'ManifestUnreadable', line: 2, column: 10 },
    ])
  })

  test('a manifest in UTF-16 is read', () => {
    const text = goodManifest()
    const bytes = new Uint8Array(2 + text.length * 2)
    bytes.set([0xff, 0xfe])
    for (let i = 0; i < text.length; i++) bytes[2 + 2 * i] = text.charCodeAt(i)
    expect(read({ 'package.toml': bytes }).fields.slug).toBe('orders')
  })

  test('a manifest over a megabyte', () => {
    const check = read({ 'package.toml': `# ${'x'.repeat(1024 * 1024)}\n${goodManifest()}` })
    expect(errors(check.findings)).toMatchObject([
      { name: 'ManifestUnreadable', reason: { fault: 'too-large', limit: 1_048_576 } },
    ])
  })

  test('an unreadable manifest fills the form with what it does say', () => {
    const check = read({
      'package.toml': `[package]
name = "salvaged"
version = "2.0.0"
description = "Half a \\"manifest\\""
category = 'Tools'
license = MIT
tags = ["a", "b"]
[dependencies]
name = "not the name"
[oops
[marketplace]
repository = "https://example.org/x"
`,
    })
    expect(check.ok).toBe(false)
    expect(check.fields).toEqual({
      slug: 'salvaged',
      version: '2.0.0',
      displayName: 'salvaged',
      description: 'Half a "manifest"',
      category: 'tools',
      license: 'MIT',
      tags: ['a', 'b'],
      keywords: [],
      authors: [],
      repository: 'https://example.org/x',
    })
  })

  test('an unreadable manifest with typed fields is published with those', () => {
    const check = read({ 'package.toml': '[package' }, { fields: { slug: 'typed', version: '3.0.0', tags: ['t'] } })
    expect(check.ok).toBe(true)
    expect(check.fields).toMatchObject({ slug: 'typed', version: '3.0.0', tags: ['t'] })
    expect(check.findings[0]).toMatchObject({ level: 'warning', name: 'ManifestUnreadable', line: 1 })
  })
})

describe('the name', () => {
  const slugOf = (lines: string, options: Partial<ReadPackageOptions> = {}) => {
    const check = read({ 'package.toml': `[package]\nversion = "1.0.0"\n${lines}` }, options)
    return [check.fields.slug, ...errors(check.findings).map((finding) => finding.name)]
  }

  test('is the id, else the name, else the folder, else the name slugified', () => {
    expect(slugOf('id = "io.x"\nname = "Nice Name"', { folder: 'f' })).toEqual(['io.x'])
    expect(slugOf('id = "Not A Slug"\nname = "name"', { folder: 'f' })).toEqual(['name'])
    expect(slugOf('name = "Nice Name"', { folder: 'The Folder (1)' })).toEqual(['the-folder-1'])
    expect(slugOf('name = "Nïce  Name 2.0!"')).toEqual(['nice-name-2.0'])
    expect(slugOf('name = "UPPER"')).toEqual(['upper'])
    expect(slugOf(`name = "${'a'.repeat(80)}"`)).toEqual(['a'.repeat(64)])
    expect(slugOf('name = "日本語"', { folder: 'x' })).toEqual(['x'])
  })

  test('is refused where there is none, with the folder as a proposal', () => {
    expect(slugOf('', { folder: 'f' })).toEqual(['f', 'NameMissing'])
    expect(slugOf('name = ""')).toEqual(['', 'NameMissing'])
    expect(slugOf('name = "  "')).toEqual(['', 'NameMissing'])
  })

  test('is refused where nothing can be made of it', () => {
    expect(slugOf('name = "日本語"')).toEqual(['', 'NameInvalid'])
    expect(slugOf('name = "con"')).toEqual(['', 'NameInvalid'])
    expect(slugOf('name = 5')).toEqual(['', 'NameInvalid'])
    expect(slugOf('name = ["a"]')).toEqual(['', 'NameInvalid'])
  })

  test('is what a person typed', () => {
    expect(slugOf('', { fields: { slug: 'typed' } })).toEqual(['typed'])
    expect(slugOf('name = "x"', { fields: { slug: 'Not A Slug' } })).toEqual(['Not A Slug', 'NameInvalid'])
    expect(slugOf('name = "x"', { fields: { slug: '' } })).toEqual(['', 'NameMissing'])
  })

  test('that was derived is reported with its place', () => {
    const check = read({ 'package.toml': '[package]\nname = "Free Text"\nversion = "1.0.0"' })
    expect(named(check.findings, 'SlugDerived')).toMatchObject([
      {
        level: 'note',
        path: 'package.toml',
        line: 2,
        column: 8,
        reason: { name: 'Free Text', slug: 'free-text', source: 'name' },
      },
    ])
    expect(check.fields.displayName).toBe('Free Text')
  })

  test.each([
    ['name = "a"\ntitle = "The A"', 'The A'],
    ['name = "a"\ndisplay_name = "The A"', 'The A'],
    ['name = "a"\nfull_name = "The Whole A"', 'The Whole A'],
    ['name = "agent-editor"\nfull_name = "ggen/agent-editor"', 'agent-editor'],
    ['id = "a"\nname = "Free Text"\nfull_name = "Longer Text"', 'Free Text'],
  ])('shown for %j is %j', (lines, displayName) => {
    expect(read({ 'package.toml': `[package]\nversion = "1.0.0"\n${lines}` }).fields.displayName).toBe(displayName)
  })
})

describe('the version', () => {
  const check = (lines: string) => read({ 'package.toml': `[package]\nname = "a"\n${lines}` })

  test('is refused where there is none', () => {
    expect(errors(check('').findings)).toMatchObject([
      { name: 'VersionMissing', reason: { code: 'version-missing', path: 'package.toml' } },
    ])
    expect(errors(check('version = ""').findings)).toMatchObject([{ name: 'VersionMissing' }])
  })

  test.each([
    ['version = "1.0"', { near: '1.0.0' }],
    ['version = "v1.2.3"', { near: '1.2.3' }],
    ['version = "01.2.3"', { near: '1.2.3' }],
    ['version = "latest"', { code: 'version-not-allowed', version: 'latest' }],
    ['version = "1.2.3.4"', { code: 'version-not-allowed' }],
    ['version = 1.0', { code: 'version-not-text', type: 'number' }],
    ['version = 2024-01-01', { type: 'date' }],
    ['version = { workspace = true }', { code: 'version-inherited' }],
    ['version.workspace = true', { code: 'version-inherited' }],
  ])('is refused for %s, with the reason', (line, reason) => {
    const findings = errors(check(line).findings)
    expect(findings).toMatchObject([{ name: 'VersionInvalid', reason }])
    if (line.includes('"')) expect(findings[0]).toMatchObject({ path: 'package.toml', line: 3, column: 11 })
  })

  test('may have a pre-release and a build', () => {
    expect(check('version = "1.0.0-beta.1+5"')).toMatchObject({ ok: true, fields: { version: '1.0.0-beta.1+5' } })
  })

  test('is what a person typed', () => {
    const typed = read(
      { 'package.toml': '[package]\nname = "a"\nversion = "nonsense"' },
      { fields: { version: '2.0.0' } },
    )
    expect(typed).toMatchObject({ ok: true, fields: { version: '2.0.0' } })
  })
})

describe('the other fields', () => {
  const check = (text: string, options: Partial<ReadPackageOptions> = {}) =>
    read({ 'package.toml': text, 'README.md': '' }, options)

  test('are all reported when they are missing', () => {
    expect(check('[package]\nname="a"\nversion="1.0.0"').findings.map((finding) => finding.name)).toEqual([
      'DescriptionMissing',
      'CategoryMissing',
      'LicenseMissing',
    ])
  })

  test('tags stand in many places', () => {
    const tags = (text: string) => check(`[package]\nname = "a"\nversion = "1.0.0"\n${text}`).fields.tags
    expect(tags('tags = ["a", "b"]')).toEqual(['a', 'b'])
    expect(tags('tags = "a, b"')).toEqual(['a', 'b'])
    expect(tags('[package.tags]\ntags = ["a", "b"]')).toEqual(['a', 'b'])
    expect(tags('[metadata]\ntags = ["a", "b"]')).toEqual(['a', 'b'])
    expect(tags('[package.metadata]\ntags = ["a", "b"]')).toEqual(['a', 'b'])
    expect(tags('[marketplace]\ntags = ["a", "b"]')).toEqual(['a', 'b'])
    expect(tags('[marketplace.tags]\ntags = ["a", "b"]')).toEqual(['a', 'b'])
    expect(tags('[enterprise]\ntags = ["a", "b"]')).toEqual(['a', 'b'])
    expect(tags('tags = [1, "b", { x = 1 }]')).toEqual(['1', 'b'])
  })

  test('the category is lower-cased, else the first of categories', () => {
    const category = (text: string) => check(`[package]\nname = "a"\nversion = "1.0.0"\n${text}`).fields.category
    expect(category('category = "Enterprise"')).toBe('enterprise')
    expect(category('categories = ["Java", "x"]')).toBe('java')
    expect(category('categories = ["java"]\n[marketplace]\ncategory = "cli"')).toBe('cli')
    expect(category('[metadata]\ncategories = ["a b"]')).toBe('a b')
    expect(category('categories = []')).toBe('uncategorized')
  })

  test('a description of 6 KB is cut between words for the catalogue', () => {
    const result = check(goodManifest().replace('Order handling', 'words and words '.repeat(400)))
    expect([...result.fields.description].length).toBeLessThanOrEqual(300)
    expect(result.fields.description).toMatch(/words…$|and…$/)
    expect(result.findings).toMatchObject([
      { level: 'note', name: 'DescriptionCut', reason: { characters: 6399, limit: 300 } },
    ])
  })

  test('a description of 300 characters outside the basic plane is kept', () => {
    const description = '𝒜'.repeat(300)
    expect(check(goodManifest().replace('Order handling', description)).fields.description).toBe(description)
  })

  test('line breaks in a description are spaces', () => {
    const result = check('[package]\nname="a"\nversion="1.0.0"\ndescription = """\nOne\n  two\n"""')
    expect(result.fields.description).toBe('One two')
    expect(named(result.findings, 'ControlCharacters')).toEqual([])
  })

  test('control characters are taken out and told', () => {
    const result = check(goodManifest().replace('Order handling', 'a\\u0007b \\u202e c'))
    expect(result.fields.description).toBe('a b c')
    expect(result.findings).toMatchObject([{ level: 'warning', name: 'ControlCharacters' }])
  })

  test('a description that is a number is reported', () => {
    expect(
      named(check('[package]\nname="a"\nversion="1.0.0"\ndescription = 5').findings, 'FieldUnreadable'),
    ).toHaveLength(1)
  })

  test('too many tags are cut and told', () => {
    const tags = JSON.stringify(Array.from({ length: 40 }, (_, i) => `t${i}`))
    const result = check(goodManifest(`tags = ${tags}`))
    expect(result.fields.tags).toHaveLength(32)
    expect(result.findings).toMatchObject([{ level: 'warning', name: 'ListCut' }])
  })

  test('fields that are too large together are refused before they are signed', () => {
    const long = JSON.stringify(Array.from({ length: 64 }, (_, i) => `${i}${'日'.repeat(48)}`))
    const result = check(goodManifest(`tags = ${long}\nkeywords = ${long}\nauthors = ${long}`))
    expect(errors(result.findings)).toMatchObject([{ name: 'RecordTooLarge' }])
  })

  test('an unknown licence is kept and reported', () => {
    const result = check(goodManifest().replace('MIT', 'Proprietary'))
    expect(result.fields.license).toBe('Proprietary')
    expect(result.findings).toMatchObject([{ level: 'warning', name: 'LicenseUnknown' }])
  })

  test.each([
    ['https://example.org/x', 'https://example.org/x'],
    ['git+https://example.org/x.git', 'https://example.org/x.git'],
    ['github:ann/orders', 'https://github.com/ann/orders'],
    ['ann/orders', 'https://github.com/ann/orders'],
    ['git@example.org:ann/orders.git', 'git@example.org:ann/orders.git'],
    ['javascript:alert(1)', ''],
    ['data:text/html,x', ''],
  ])('the repository %j becomes %j', (written, repository) => {
    const result = check(goodManifest(`repository = ${JSON.stringify(written)}`))
    expect(result.fields.repository).toBe(repository)
    expect(result.findings.map((finding) => finding.name)).toEqual(repository === '' ? ['RepositoryInvalid'] : [])
  })

  test('are what a person typed over them', () => {
    const fields = {
      displayName: 'D',
      description: 'E',
      category: 'F',
      tags: ['g'],
      keywords: [],
      license: 'ISC',
      authors: ['H'],
      repository: '',
    }
    const result = check(
      goodManifest('tags = ["x"]\nkeywords = ["y"]\nauthors = ["z"]\nrepository = "https://x.y/z"'),
      { fields },
    )
    expect(result.fields).toEqual({ ...fields, slug: 'orders', version: '1.2.3', category: 'f' })
  })
})

describe('files', () => {
  test('that the manifest names and that are not there', () => {
    const check = read({
      'package.toml': `${goodManifest()}
readme = "docs/README.md"
[files]
"README.md" = "README.md"
"templates/" = "templates/"
"USAGE.md" = "How to use it"
data = ["data/a.ttl", "data/b.ttl"]
[ontology]
file = "ontology/x.ttl"
namespace = "http://example.org/x.ttl"
[templates]
rust = "templates/a.tmpl"
languages = ["rust"]
patterns = ["templates/*.tmpl", "queries/**/*.rq", "../shared/*.rq"]
[metadata]
mime = "text/turtle"
min_version = "1.0.0"
homepage = "https://example.org/index.html"
`,
      'README.md': '',
      'templates/a.tmpl': '',
      'data/a.ttl': '',
    })
    const missing = named(check.findings, 'MissingFile')
    expect(missing.map(({ reason }) => 'reference' in reason && reason.reference)).toEqual([
      'USAGE.md',
      'data/b.ttl',
      'ontology/x.ttl',
      'queries/**/*.rq',
      'docs/README.md',
    ])
    expect(missing[2]).toMatchObject({ level: 'warning', path: 'package.toml', line: 16, column: 8 })
  })

  test('are looked for beside the manifest', () => {
    const check = read({
      'p/package.toml': `${goodManifest()}\n[ontology]\nfile = "./o.ttl"`,
      'p/o.ttl': '',
      'p/README': '',
    })
    expect(check.findings).toEqual([])
  })

  test('that look private forbid publishing until each is confirmed by its path', () => {
    const files = filesOf({
      'package.toml': goodManifest(),
      'README.md': '',
      '.env': '',
      '.env.example': '',
      'k/id_rsa': '',
      'a.pem': '',
    })
    const check = (confirmedPrivate: string[]) => {
      const { findings, ok } = readPackage(files, { confirmedPrivate, knownVersions: () => undefined }).check
      return { ok, found: findings.map(({ level, name, path }) => `${level} ${name} ${path}`) }
    }
    expect(check(['id_rsa', 'A.pem', 'k/'])).toEqual({
      ok: false,
      found: ['error PrivateFile .env', 'error PrivateFile a.pem', 'error PrivateFile k/id_rsa'],
    })
    expect(check(['a.pem', '.env'])).toEqual({
      ok: false,
      found: ['error PrivateFile k/id_rsa', 'warning PrivateFile .env', 'warning PrivateFile a.pem'],
    })
    expect(check(['a.pem', 'k/id_rsa', '.env', 'nothing']).ok).toBe(true)
  })

  test('that look private block however many others were confirmed', () => {
    const names = Array.from({ length: 250 }, (_, n) => `k/${String(n).padStart(3, '0')}.pem`)
    const files = filesOf({ 'package.toml': goodManifest(), ...Object.fromEntries(names.map((name) => [name, ''])) })
    const { check } = readPackage(files, { confirmedPrivate: names.slice(0, 249), knownVersions: () => undefined })
    expect(check.ok).toBe(false)
    expect(check.findings.filter(({ level }) => level === 'error').map(({ path }) => path)).toEqual(['k/249.pem'])
  })
})

import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { failureNames } from '../contract/failures.ts'
import { decodeReason } from '../contract/reasons.ts'
import type { PackageCheck } from '../contract/views.ts'
import { isSlug, type PublisherId } from '../protocol/ids.ts'
import { type Release, releaseCodec } from '../protocol/release.ts'
import { filesOf } from '../testing/package-files.ts'
import { readPackage } from './read-package.ts'

/** Manifests may contain anything anywhere: reading never throws, and a package that passes can be signed. */

const runs = { seed: 20261002, numRuns: 1000 }

const oddText = fc.constantFrom(
  '',
  ' ',
  'a',
  'my-package',
  'base',
  '1.0.0',
  '^1',
  '1',
  '>=1 <2',
  'MIT',
  '../x',
  'a/b.ttl',
  'templates/*',
  '*',
  'Free Text Name',
  'ggen',
  'a@1',
  '@x/y@^1',
  '__proto__',
  'constructor',
  'toString',
  'e\u0301',
  '\u202egnp.exe',
  'a\u0000b',
  '\ud800',
  '日本語',
  'javascript:alert(1)',
  'x'.repeat(400),
  '9'.repeat(400),
  '(((((',
  'name = "1"',
)
const leaf = fc.oneof(
  { weight: 6, arbitrary: oddText },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(0, -1, 1.5, true, false, 2 ** 53) },
)
const key = fc.constantFrom(
  ...[
    'id',
    'name',
    'slug',
    'version',
    'description',
    'category',
    'categories',
    'tags',
    'keywords',
    'license',
    'licence',
  ],
  ...[
    'author',
    'authors',
    'repository',
    'full_name',
    'title',
    'readme',
    'files',
    'url',
    'email',
    'type',
    'file',
    'main',
  ],
  ...[
    'dependencies',
    'dev-dependencies',
    'optional-dependencies',
    'required',
    'optional',
    'rust',
    'typescript',
    'features',
  ],
  ...[
    'path',
    'git',
    'base',
    'orders',
    'tokio',
    'serde',
    'ggen',
    'pack_id',
    'packages',
    '__proto__',
    'constructor',
    'a b',
  ],
  ...[
    'metadata',
    'marketplace',
    'templates',
    'ontology',
    'enterprise',
    'bin',
    'workspace',
    'package',
    'pack',
    'project',
  ],
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true, maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6 }),
  ),
}))
const table = fc.dictionary(key, value, { maxKeys: 10 })
const head = fc
  .tuple(table, fc.boolean())
  .map(([fields, named]) => (named ? { ...fields, name: 'orders', version: '1.0.0' } : fields))
const manifest = fc.oneof(
  table,
  fc.tuple(head, table).map(([first, rest]) => ({ ...rest, package: first })),
  fc.tuple(head, table).map(([first, rest]) => ({ ...rest, ...first })),
)

/** A catalogue may be a plain object: it is never asked for `__proto__` and the like. */
const known = (slug: string) => {
  if (!isSlug(slug)) throw new Error(`asked for ${slug}`)
  return slug === 'base' ? ['1.0.0', '2.0.0-beta.1'] : undefined
}

const check = (path: string, text: string, extra: Record<string, string> = {}): PackageCheck =>
  readPackage(filesOf({ [path]: text, 'README.md': '', 'a/b.ttl': '', ...extra }), {
    knownVersions: known,
    folder: 'orders',
  }).check

const toRelease = ({ fields, dependencies, files, size }: PackageCheck): Release => ({
  v: 1,
  publisher: 'a'.repeat(52) as PublisherId,
  root: new Uint8Array(32),
  size,
  fileCount: files.length,
  dependencies,
  seq: 1,
  prevRelease: null,
  publishedAt: 0,
  hasTemplates: false,
  ...fields,
})

const expectSound = (result: PackageCheck) => {
  const errors = result.findings.filter((finding) => finding.level === 'error')
  expect(result.ok).toBe(errors.length === 0)
  expect(errors.filter(({ name }) => !(failureNames as readonly string[]).includes(name))).toEqual([])
  expect(result.findings.filter(({ reason }) => decodeReason(reason) === undefined)).toEqual([])
  if (result.ok) expect(releaseCodec.encode(toRelease(result)).length).toBeGreaterThan(0)
}

// Generous, for busy machines.
describe('readPackage is total', { timeout: 120_000 }, () => {
  test('over arbitrary JSON manifests', () => {
    fc.assert(
      fc.property(manifest, (tree) => expectSound(check('package.json', JSON.stringify(tree)))),
      runs,
    )
  })

  test('over arbitrary TOML manifests', () => {
    fc.assert(
      fc.property(manifest, (tree) => {
        let text: string
        try {
          text = stringify(tree)
        } catch {
          // Not every value can be written as TOML (lists of mixed tables); JSON covers those.
          return
        }
        expectSound(check('package.toml', text))
      }),
      runs,
    )
  })

  test('over arbitrary neighbouring files', () => {
    fc.assert(
      fc.property(table, table, (cargo, npm) => {
        const text =
          '[package]\nname = "a"\nversion = "1.0.0"\n[dependencies]\norders = "1"\ntokio = "1"\nconstructor = "1"'
        const extra = { 'Cargo.toml': JSON.stringify(cargo).replaceAll(':', '='), 'package.json': JSON.stringify(npm) }
        expectSound(check('package.toml', text, extra))
      }),
      { ...runs, numRuns: 500 },
    )
  })

  test('over truncated and mutated texts', () => {
    const whole = `[package]
name = "orders"
version = "1.0.0"
description = """
long
"""
tags = ["a", "b"]
[dependencies]
base = { version = "^1", optional = true }
[dependencies.rust]
tokio = "1"
[[bin]]
name = 'x'
`
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom('"', "'", '"""', '[', ']]', '=', '{', '\n', '\r', '#', '\\', '.'),
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length), fc.nat(8), piece), { minLength: 1, maxLength: 4 }),
        (cuts) => {
          let text = whole
          for (const [at, length, insert] of cuts) text = text.slice(0, at) + insert + text.slice(at + length)
          const result = check('package.toml', text)
          expectSound(result)
          const unreadable = result.findings.find((finding) => finding.name === 'ManifestUnreadable')
          if (unreadable !== undefined)
            expect(unreadable).toMatchObject({ line: expect.any(Number), column: expect.any(Number) })
        },
      ),
      runs,
    )
  })

  test('over bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('package.toml', 'pack.toml', 'package.json'),
        (bytes, path) => {
          expectSound(readPackage([{ path, bytes: new Uint8Array(bytes) }], { knownVersions: known }).check)
        },
      ),
      runs,
    )
  })

  test('over arbitrary typed fields', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            'slug',
            'version',
            'displayName',
            'description',
            'category',
            'tags',
            'keywords',
            'license',
            'authors',
            'repository',
          ),
          value,
        ),
        (fields) => {
          const files = filesOf({ 'package.toml': '[package]\nname = "orders"\nversion = "1.0.0"' })
          expectSound(readPackage(files, { knownVersions: known, fields: fields as object }).check)
        },
      ),
      runs,
    )
  })

  test('over paths', () => {
    const path = fc.oneof(
      oddText,
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.stringMatching(/^[aA./\\: é]{0,8}$/),
    )
    fc.assert(
      fc.property(fc.array(path, { maxLength: 8 }), (paths) => {
        const files = paths.map((name) => ({ path: name, bytes: new Uint8Array(1) }))
        expectSound(readPackage(files, { knownVersions: known, fields: { slug: 'a', version: '1.0.0' } }).check)
      }),
      runs,
    )
  })

  test.each([
    ['deep nesting', `a = ${'['.repeat(200_000)}`],
    ['deep tables', `[${Array(100_000).fill('a').join('.')}]`],
    ['one long line', `[package]\nname = "a"\nx = "${'y'.repeat(1_000_000)}`],
    ['spaces without end', `[package]\nname = "a"\nx ${' '.repeat(1_000_000)}y`],
    ['many broken lines', '[package\n'.repeat(100_000)],
    ['many tags', `[package]\nname = "a"\nversion = "1.0.0"\ntags = [${'"a b",'.repeat(150_000)}]`],
    ['many dependencies', `[dependencies]\n${Array.from({ length: 60_000 }, (_, i) => `d${i} = "1"`).join('\n')}`],
    ['many globs', `[files]\nx = [${Array.from({ length: 40_000 }, (_, i) => `"${i}/**/*.ttl",`).join('')}]`],
    [
      'a long range',
      `[package]\nname = "a"\nversion = "${'1.'.repeat(400_000)}"\n[dependencies]\nb = "${'1 || '.repeat(50_000)}"`,
    ],
  ])('over %s', (_, text) => {
    expectSound(check('package.toml', text))
  })
})

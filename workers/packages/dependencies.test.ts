import { describe, expect, test } from 'vitest'
import { filesOf, goodManifest } from '../testing/package-files.ts'
import { readPackage } from './read-package.ts'

const known: Record<string, string[]> = { base: ['1.0.0', '1.4.0', '2.0.0'], 'io.x': ['0.2.1'], serde: ['9.0.0'] }

const read = (toml: string, beside: Record<string, string> = {}) => {
  const files = filesOf({ 'package.toml': `${goodManifest()}\n${toml}`, 'README.md': '', ...beside })
  const { check } = readPackage(files, {
    knownVersions: (slug) => (Object.hasOwn(known, slug) ? known[slug] : undefined),
  })
  return {
    short: check.dependencies.map(({ name, range, kind, ecosystem, optional }) =>
      [name, range, kind, ecosystem, optional ? 'optional' : undefined].filter((part) => part !== undefined).join(' '),
    ),
    findings: check.findings,
    names: check.findings.map((finding) => finding.name),
  }
}

describe('the syntaxes', () => {
  test('a list in the package table', () => {
    const { short } = read('dependencies = ["base", "base2@^1", "io.x >=0.2", "@ann/thing@1.0", "ggen/agent-editor"]')
    expect(short).toEqual([
      'base * package',
      'base2 ^1 unknown',
      'io.x >=0.2 package',
      '@ann/thing ^1.0 unknown',
      'agent-editor * unknown',
    ])
  })

  test('a table of ranges', () => {
    const { short } = read('[dependencies]\nbase = "1.0"\nother = ">=0.1.0"\n"io.x" = "^0.2"\nlast = 1.0\nany = true')
    expect(short).toEqual([
      'base ^1.0 package',
      'other >=0.1.0 unknown',
      'io.x ^0.2 package',
      'last ^1 unknown',
      'any * unknown',
    ])
  })

  test('a table of tables', () => {
    const { short } = read(
      '[dependencies]\nbase = { version = "1.0.0", optional = true }\nb = { version = "2", required = false }\nc = {}\nd = { version = 1 }',
    )
    expect(short).toEqual(['base ^1.0.0 package optional', 'b ^2 unknown optional', 'c * unknown', 'd ^1 unknown'])
  })

  test('lists of required and optional ones', () => {
    const { short, names } = read('[dependencies]\nrequired = ["base"]\noptional = ["b@2"]\nfeatures = ["Ten things"]')
    expect(short).toEqual(['base * package', 'b ^2 unknown optional'])
    expect(names).toContain('DependencyUnread')
  })

  test('tables by language', () => {
    const { short } = read(
      '[dependencies.rust]\nbase = "1.0"\n[dependencies.typescript]\nx = "^1"\n[dependencies.python]\ny = "2"\n[dependencies.java]\nz = "3"',
    )
    expect(short).toEqual(['base 1.0 external crate', 'x ^1 external npm', 'y 2 external python', 'z 3 external'])
  })

  test('paths and globs', () => {
    const { short } = read(
      '[dependencies]\nonto = "ontology/x.ttl"\ntemplates = "templates/*.sparql"\nsrc = "src/rust/"\nplain = "x.ttl"\nlocal = { path = "../other" }',
    )
    expect(short).toEqual([
      'ontology/x.ttl  asset',
      'templates/*.sparql  asset',
      'src/rust/  asset',
      'x.ttl  asset',
      '../other  asset',
    ])
  })

  test('paths in a list, where names may hold dots', () => {
    expect(read('dependencies = ["data/x.ttl", "x.ttl", "io.ggen.macros.std"]').short).toEqual([
      'data/x.ttl  asset',
      'x.ttl  asset',
      'io.ggen.macros.std * unknown',
    ])
  })

  test('arrays of tables, and what a pack is made of', () => {
    const text =
      '[pack]\nname = "p"\nversion = "1.0.0"\npackages = ["base"]\n[[pack.dependencies]]\npack_id = "io.x"\nversion = "0.2.0"\noptional = true'
    const { check } = readPackage(filesOf({ 'pack.toml': text }), { knownVersions: (slug) => known[slug] })
    expect(check.dependencies).toEqual([
      { name: 'io.x', range: '^0.2.0', optional: true, kind: 'package' },
      { name: 'base', range: '*', optional: false, kind: 'package' },
    ])
  })

  test('package.json', () => {
    const json = {
      name: 'n',
      version: '1.0.0',
      dependencies: { next: '14.2.35', base: '^1.0.0', '@a/b': 'workspace:*', c: 'npm:d@1' },
      devDependencies: { vitest: '^1' },
    }
    const { check } = readPackage(filesOf({ 'package.json': JSON.stringify(json) }), {
      knownVersions: (slug) => known[slug],
    })
    expect(
      check.dependencies.map(({ name, range, kind, ecosystem, optional }) => [name, range, kind, ecosystem, optional]),
    ).toEqual([
      ['next', '14.2.35', 'external', 'npm', false],
      ['base', '^1.0.0', 'package', undefined, false],
      ['@a/b', 'workspace:*', 'external', 'npm', false],
      ['c', 'npm:d@1', 'external', 'npm', false],
      ['vitest', '^1', 'external', 'npm', true],
    ])
  })

  test('texts of TOML in templates', () => {
    const { short } = read(
      '[templates.rust]\nmain = "a.rs"\ndependencies = [\'chrono = "0.4"\', \'serde = { version = "1.0", features = ["derive"] }\']',
    )
    expect(short).toEqual(['chrono 0.4 external crate', 'serde 1.0 external crate'])
  })
})

describe('the classes', () => {
  test('ggen itself is a tool', () => {
    expect(read('[dependencies]\nggen = ">=2.6.0"').short).toEqual(['ggen >=2.6.0 external tool'])
  })

  test('a table of mostly crates is one of crates, but a package that fits stays one', () => {
    const { short, names } = read(
      '[dependencies]\ntokio = "1"\nanyhow = "1.0"\nnobody-knows = "3"\nbase = "1.0"\nserde = "1.0"',
    )
    expect(short).toEqual([
      'tokio 1 external crate',
      'anyhow 1.0 external crate',
      'nobody-knows 3 external crate',
      'base ^1.0 package',
      'serde 1.0 external crate',
    ])
    expect(names).toEqual(['DependencyExternal'])
  })

  test('an entry with features is a crate, its neighbours are not', () => {
    expect(read('[dependencies]\nx = { version = "1", features = ["a"] }\ny = "1"\nz = "1"').short).toEqual([
      'x 1 external crate',
      'y ^1 unknown',
      'z ^1 unknown',
    ])
  })

  test('a manifest in the shape of Cargo.toml depends on crates', () => {
    expect(read('[dependencies]\nx = "1"\n[dev-dependencies]\ny = "1"\nbase = "2"\n[[bin]]\nname = "z"').short).toEqual(
      ['x 1 external crate', 'y 1 external crate optional', 'base ^2 package optional'],
    )
  })

  test('names in project files beside the manifest are external', () => {
    const table = '[dependencies]\nodd-crate = "1"\nother-crate = "1"\nmine = "1"'
    const cargo = '[package]\nname = "x"\n[dependencies]\nodd-crate = "1"\n[dev-dependencies]\nother-crate = "1"'
    expect(read(table, { 'Cargo.toml': cargo }).short[0]).toBe('odd-crate 1 external crate')
    expect(read(table, { 'package.json': '{"devDependencies": {"odd-crate": "1"}}' }).short).toEqual([
      'odd-crate 1 external npm',
      'other-crate ^1 unknown',
      'mine ^1 unknown',
    ])
    expect(read(table, { 'requirements.txt': '# x\nodd-crate>=1\n' }).short[0]).toBe('odd-crate 1 external python')
    expect(read(table, { 'Cargo.toml': '[broken', 'package.json': '{' }).short[0]).toBe('odd-crate ^1 unknown')
  })

  test('a known package of which no version fits stays one, with a warning', () => {
    const { short, findings } = read('[dependencies]\nbase = "^3"')
    expect(short).toEqual(['base ^3 package'])
    expect(findings).toMatchObject([
      {
        level: 'warning',
        name: 'DependencyVersionMissing',
        reason: { versions: ['1.0.0', '1.4.0', '2.0.0'], more: 0 },
      },
    ])
  })

  test('an unknown one is reported with its consequence', () => {
    expect(read('[dependencies]\na = "1"').findings).toMatchObject([{ level: 'note', name: 'DependencyUnknown' }])
  })

  test('an address is external', () => {
    expect(
      read('[dependencies]\na = { git = "https://example.org/a" }\nb = "https://example.org/b.zip"').short,
    ).toEqual(['a https://example.org/a external', 'b https://example.org/b.zip external'])
  })

  test('a range that is none means any, with a warning', () => {
    const { short, findings } = read('[dependencies]\nbase = "one or two"')
    expect(short).toEqual(['base * package'])
    expect(findings).toMatchObject([{ level: 'warning', name: 'RangeInvalid', path: 'package.toml', line: 10 }])
  })

  test('the package itself is dropped and told', () => {
    const { short, findings } = read('[dependencies]\norders = "1"\nbase = "1"')
    expect(short).toEqual(['base ^1 package'])
    expect(findings).toMatchObject([{ level: 'warning', name: 'SelfDependency' }])
  })

  test('one named twice is one, required where one of them is', () => {
    const { short, names } = read('dependencies = ["base@^1"]\n[optional-dependencies]\nbase = "2"')
    expect(short).toEqual(['base ^1 package'])
    expect(names).toEqual(['DependencyRepeated'])
  })

  test('unreadable ones are reported, never dropped silently', () => {
    const { short, findings } = read(
      '[dependencies]\na = ["x", "y"]\nb = false\nc = 2024-01-01\n"" = "1"\nd = { x = { y = 1 } }',
    )
    expect(short).toEqual([])
    expect(findings.map((finding) => finding.name)).toEqual(Array(5).fill('DependencyUnread'))
    expect(read('dependencies = 5').names).toEqual(['DependencyUnread'])
    expect(read('dependencies = [5, { x = 1 }, "a b c", "="]').names).toEqual(Array(4).fill('DependencyUnread'))
  })

  test('more than a release takes: libraries are left out first', () => {
    const crates = Array.from({ length: 200 }, (_, i) => `crate${i} = { version = "1", features = ["x"] }`).join('\n')
    const { short, findings } = read(`[dependencies]\n${crates}\nbase = "1"`)
    expect(short).toHaveLength(128)
    expect(short[0]).toBe('base ^1 package')
    expect(findings).toContainEqual(expect.objectContaining({ level: 'warning', name: 'ListCut' }))
  })

  test('more packages than a release takes are refused', () => {
    const many = Array.from({ length: 129 }, (_, i) => `p${i} = "1"`).join('\n')
    expect(read(`[dependencies]\n${many}`).findings[0]).toMatchObject({ level: 'error', name: 'RecordTooLarge' })
  })
})

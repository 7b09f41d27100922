import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { FileInput, PackageCheck } from '../contract/views.ts'
import { readArchive } from './read-archive.ts'
import { readPackage } from './read-package.ts'
import { writeArchive } from './write-archive.ts'

/** The 43 real packages of ../shared/data; see its README. */
const folder = fileURLToPath(new URL('../../../shared/data/ggen-packages', import.meta.url))
const isHere = existsSync(folder)
if (!isHere) console.warn(`Skipped: the real packages are not at ${folder}.`)

const readFolder = (name: string): FileInput[] =>
  readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return {
        path: path.slice(join(folder, name).length + 1).replaceAll('\\', '/'),
        bytes: new Uint8Array(readFileSync(path)),
      }
    })

const names = isHere ? readdirSync(folder).sort() : []
const versions: Record<string, string> = {
  'clap-noun-verb': '5.3.2',
  'chatman-cli': '0.1.0',
  'ai-microservice': '0.1.0',
}
const knownVersions = (slug: string) => (names.includes(slug) ? [versions[slug] ?? '1.0.0'] : undefined)
const read = (name: string): PackageCheck => readPackage(readFolder(name), { folder: name, knownVersions }).check

const dependenciesOf = (check: PackageCheck) =>
  check.dependencies.map(({ name, range, kind, ecosystem, optional }) =>
    [name, range, kind, ecosystem, optional ? 'optional' : '']
      .filter((part) => part !== undefined && part !== '')
      .join(' '),
  )

/** Name: category, tags, dependencies, findings other than those of missing files and READMEs. */
const pinned: Record<string, [category: string, tags: string, dependencies: string[], findings: string[]]> = {
  'academic-bibliography-manager': ['academic-tools', 'bibliography bibtex citations academic', [], []],
  'agent-context-crafter': [
    'ai-agents',
    'ai context state-management rdf persistence semantic multi-agent continuity',
    ['agent-memory-forge * package'],
    [],
  ],
  'asset-management': [
    'enterprise',
    'assets tracking depreciation maintenance lifecycle barcode rfid enterprise',
    ['rdf >=0.1.0 unknown', 'sparql >=1.0.0 unknown'],
    ['DependencyUnknown', 'DependencyUnknown'],
  ],
  'banking-core': [
    'finance',
    'banking accounts transactions ledger compliance regulatory',
    [
      'ontology/banking_core.ttl asset',
      'templates/*.sparql asset',
      'src/rust/ asset',
      'src/typescript/ asset',
      'src/python/ asset',
    ],
    [],
  ],
  'clap-noun-verb': [
    'framework',
    'cli framework code-generation rust enterprise fortune-500',
    [],
    ['FoundElsewhere', 'FoundElsewhere'],
  ],
  'crm-customer-management': [
    'enterprise',
    'crm sales pipeline customers opportunities',
    ['chrono 0.4 external crate', 'rust_decimal 1.33 external crate', 'serde 1.0 external crate'],
    ['DependencyExternal'],
  ],
  'customer-loyalty-rewards': ['e-commerce', '', ['order-management-system * package optional'], ['DependencyUnread']],
  'database-schema-generator': [
    'database',
    'database schema rdf sparql postgresql mysql sqlite ddl migrations',
    [
      'oxigraph 0.3 external crate',
      'tera 1.19 external crate',
      'sqlx 0.7 external crate',
      'testcontainers 0.15 external crate',
    ],
    ['DependencyExternal'],
  ],
  'ehr-integration': [
    'healthcare',
    'ehr epic cerner fhir smart-on-fhir patient-portal',
    ['healthcare-core ^1.0.0 unknown'],
    ['DependencyUnknown'],
  ],
  'graphql-api-template': [
    'api',
    'graphql api dataloader subscriptions apollo strawberry',
    [
      'async-graphql 7.0 external crate',
      'sqlx 0.7 external crate',
      'tokio 1.35 external crate',
      '@apollo/server ^4.9.5 external npm',
      'graphql ^16.8.1 external npm',
      'dataloader ^2.2.2 external npm',
      'graphql-subscriptions ^2.0.0 external npm',
      'pg ^8.11.3 external npm',
      'strawberry-graphql ^0.217.0 external python',
      'asyncpg ^0.29.0 external python',
      'testcontainers ^3.7.1 external python optional',
      'pytest ^7.4.3 external python optional',
      'pytest-asyncio ^0.21.1 external python optional',
    ],
    ['DependencyExternal', 'DependencyExternal', 'DependencyExternal'],
  ],
  'hello-world': ['starter', 'starter hello-world beginner tutorial', [], []],
  'io.ggen.nextjs.ontology-crud': [
    'web',
    'nextjs typescript shadcn ontology crud rdf fullstack',
    ['ggen >=2.6.0 external tool'],
    ['SeveralManifests', 'DependencyExternal'],
  ],
  'java26-core': ['java', '', [], []],
  'java26-record-value-object': ['java', '', ['java26-core * package'], []],
  'java26-virtual-thread-dao': ['java', '', ['java26-core * package'], []],
  'knowledge-graph-cli': [
    'cli-tools',
    'knowledge-graph rdf inference graph clap-noun-verb',
    [
      'clap-noun-verb 3.4.0 external crate',
      'clap-noun-verb-macros 3.4.0 external crate',
      'petgraph 0.6 external crate',
      'oxigraph 0.3 external crate',
      'serde 1.0 external crate',
      'serde_json 1.0 external crate',
      'thiserror 1.0 external crate',
      'anyhow 1.0 external crate',
      'uuid 1.0 external crate',
    ],
    ['DependencyExternal'],
  ],
  'multi-tenant-saas': [
    'ecommerce',
    'multi-tenant saas billing isolation provisioning subscription metering compliance rdf sparql',
    [],
    [],
  ],
  'order-management-system': ['e-commerce', '', ['multi-tenant-saas * package optional'], ['DependencyUnread']],
  'sector-rust-microservice-8020': [
    'development-tools',
    '',
    [
      'sector-base-rust ^1.0.0 unknown',
      'sector-observability-8020 ^1.0.0 package',
      'error-handling-patterns ^1.0.0 unknown',
    ],
    ['DependencyUnknown', 'DependencyUnknown'],
  ],
  'sector-support-hooks-8020': [
    'development-tools',
    '',
    ['hooks-engine ^1.0.0 unknown', 'case-routing-patterns ^1.0.0 unknown'],
    ['DependencyUnknown', 'DependencyUnknown'],
  ],
}

describe.skipIf(!isHere)('the real packages', () => {
  test('are 43', () => {
    expect(names).toHaveLength(43)
  })

  test.each(names)('%s can be published under its own name', (name) => {
    const check = read(name)
    expect(check.findings.filter((finding) => finding.level === 'error')).toEqual([])
    expect(check).toMatchObject({ ok: true, manifestPath: 'package.toml' })
    expect(check.fields).toMatchObject({ slug: name, version: versions[name] ?? '1.0.0' })
    expect(check.fields.license).toMatch(/^MIT( OR Apache-2\.0)?$/)
    expect(check.fields.authors).toHaveLength(1)
    expect(check.fields.description).not.toBe('')
    expect(check.fields.category).not.toBe('uncategorized')
    expect(check.fields.tags.length + check.fields.keywords.length).toBeGreaterThan(3)
  })

  test.each(Object.entries(pinned))('%s is read as pinned', (name, [category, tags, dependencies, findings]) => {
    const check = read(name)
    expect(check.fields.category).toBe(category)
    expect(check.fields.tags.join(' ')).toBe(tags)
    expect(dependenciesOf(check)).toEqual(dependencies)
    const others = check.findings
      .map((finding) => finding.name)
      .filter((each) => !['MissingFile', 'ReadmeMissing'].includes(each))
    expect(others).toEqual(findings)
  })

  test('sparql-cli depends on crates only, in 24 entries', () => {
    const { dependencies } = read('sparql-cli')
    expect(dependencies).toHaveLength(24)
    expect(dependencies.every(({ kind, ecosystem }) => kind === 'external' && ecosystem === 'crate')).toBe(true)
    expect(dependencies.filter(({ optional }) => optional).map(({ name }) => name)).toEqual([
      'lru',
      'petgraph',
      'futures',
      'opentelemetry',
      'criterion',
      'mockito',
      'tempfile',
      'test-case',
      'clap-noun-verb-build',
    ])
  })

  test('show the names that people gave them', () => {
    expect(read('io.ggen.nextjs.ontology-crud').fields.displayName).toBe('Next.js Ontology-Driven CRUD')
    expect(read('ieee-paper-template').fields.displayName).toBe('IEEE Conference Paper Template')
    expect(read('agent-editor').fields.displayName).toBe('agent-editor')
    expect(read('hello-world').fields.displayName).toBe('hello-world')
  })

  test('name missing files, with their place in the manifest', () => {
    const missing = read('hello-world').findings.filter((finding) => finding.name === 'MissingFile')
    expect(missing).toMatchObject([
      { reason: { code: 'file-missing', reference: 'src/' }, path: 'package.toml', line: 33, column: 1 },
    ])
  })

  test('come out of an archive as they went in', async () => {
    for (const name of names) {
      const files = readFolder(name)
      const { folder: top, files: unpacked } = await readArchive(
        await writeArchive(files.map((file) => ({ ...file, path: `${name}/${file.path}` }))),
      )
      expect(top).toBe(name)
      expect(unpacked).toEqual(files.toSorted((a, b) => (a.path < b.path ? -1 : 1)))
    }
  })
})

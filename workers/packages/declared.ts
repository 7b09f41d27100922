import { isPackageId, isSlug } from '../protocol/ids.ts'
import type { Findings } from './findings.ts'
import type { Manifest } from './manifest.ts'
import { toNodeRange } from './ranges.ts'
import { get, isTable, type Table, textOf, typeOf } from './tree.ts'

/**
 * Reads the declared dependencies of a manifest in every syntax found in real ones:
 *
 *     dependencies = ["a", "b@^1"]              lists, also under `required` and `optional`
 *     a = "1.0.0"   a = ">=0.1.0"               tables of ranges
 *     a = { version, optional, features }       tables of tables
 *     [dependencies.rust] …                     tables by language
 *     data = "ontology/x.ttl"                   paths
 *     [[pack.dependencies]] pack_id, version    arrays of tables
 *     packages = ["a"]                          members of a pack
 *
 * `classify.ts` classifies them. Unreadable entries are reported, never dropped silently.
 */

export type Ecosystem = 'crate' | 'npm' | 'python' | 'tool'

export interface Declared {
  name: string
  /** As written; may be empty. */
  range: string
  optional: boolean
  /** A path, glob or address instead of a range. */
  source?: { kind: 'path' | 'address'; text: string }
  /** Set for entries of a language table; `ecosystem` is undefined for unsupported languages. */
  language?: { ecosystem: Ecosystem | undefined }
  /** True if the entry has Cargo-specific settings. */
  cargoSettings: boolean
  /** The declaring table. Entries of one table usually share an ecosystem. */
  table: 'main' | 'development'
}

export const readDeclared = (manifest: Manifest, findings: Findings): Declared[] => {
  const declared: Declared[] = []
  const unread = (label: string, value: unknown) => {
    const reason = { code: 'dependency-unread', name: label, type: typeOf(value) } as const
    findings.note('DependencyUnread', reason, { path: manifest.path })
  }

  const addText = (text: string, context: Context) => {
    const entry = splitEntry(text)
    if (entry === undefined) unread(text, text)
    else add(entry.name, entry.range, context)
  }

  const add = (name: string, range: string, context: Context, settings: Table | undefined = undefined) => {
    const shortName = withoutScope(name.trim())
    const source = sourceOf(range) ?? (range === '' && context.fromList ? sourceOfEntry(shortName) : undefined)
    declared.push({
      name: shortName,
      range: source === undefined ? range.trim() : '',
      optional: context.optional || get(settings, 'optional') === true || get(settings, 'required') === false,
      cargoSettings: cargoKeys.some((key) => get(settings, key) !== undefined),
      table: context.table,
      ...(source === undefined ? {} : { source }),
      ...(context.language === undefined ? {} : { language: context.language }),
    })
  }

  const addTable = (name: string, settings: Table, context: Context) => {
    const version = rangeOf(settings)
    const path = textOf(get(settings, 'path')) ?? textOf(get(settings, 'file'))
    const address = textOf(get(settings, 'git')) ?? textOf(get(settings, 'url'))
    add(textOf(get(settings, 'package')) ?? name, path ?? address ?? version ?? '', context, settings)
  }

  const addAll = (value: unknown, label: string, context: Context): void => {
    if (declared.length >= MAX_DECLARED) return
    if (typeof value === 'string') {
      for (const part of value.split(/[,\n]/)) if (part.trim() !== '') addText(part, context)
    } else if (Array.isArray(value)) {
      for (const item of value.slice(0, MAX_DECLARED) as unknown[]) {
        const name = isTable(item)
          ? nameKeys.map((key) => textOf(get(item, key))).find((text) => text !== undefined)
          : undefined
        if (typeof item === 'string' && item.trim() !== '') addText(item, { ...context, fromList: true })
        else if (isTable(item) && name !== undefined) addTable(name, { ...item, package: undefined }, context)
        else unread(label, item)
      }
    } else if (isTable(value)) {
      for (const [key, item] of Object.entries(value).slice(0, MAX_DECLARED)) addEntry(key, item, context)
    } else if (value !== undefined) {
      unread(label, value)
    }
  }

  const addEntry = (key: string, item: unknown, context: Context): void => {
    const isGroup =
      Array.isArray(item) || (isTable(item) && !settingKeys.some((setting) => Object.hasOwn(item, setting)))
    const deeper = { ...context, depth: context.depth + 1, fromList: false }
    const role = isGroup && context.depth < MAX_DEPTH ? groups.get(key.toLowerCase()) : undefined
    const language = isGroup && context.depth < MAX_DEPTH ? languages.get(key.toLowerCase()) : undefined
    if (role !== undefined) addAll(item, key, { ...deeper, ...role, optional: context.optional || role.optional })
    else if (language !== undefined) addAll(item, key, { ...deeper, language })
    else if (typeof item === 'string') add(key, item, context)
    else if (typeof item === 'number' || typeof item === 'bigint') add(key, String(item), context)
    else if (item === true) add(key, '', context)
    else if (isTable(item) && (!isGroup || Object.keys(item).length === 0)) addTable(key, item, context)
    else unread(key, item)
  }

  const { root, head } = manifest
  for (const place of new Set([head, root, get(root, 'ggen'), get(root, 'metadata'), get(root, 'marketplace')])) {
    for (const [key, context] of tables) addAll(get(place, key), key, context)
    if (place === head) addAll(get(place, 'packages'), 'packages', required)
  }
  for (const [key, language] of languages) {
    const table = get(get(root, 'templates'), key)
    addAll(get(table, 'dependencies'), key, { ...required, language })
  }
  return declared
}

interface Context {
  optional: boolean
  table: 'main' | 'development'
  depth: number
  fromList: boolean
  language?: { ecosystem: Ecosystem | undefined }
}

const required: Context = { optional: false, table: 'main', depth: 0, fromList: false }
const optional: Context = { ...required, optional: true }
const development: Context = { ...optional, table: 'development' }

const tables: readonly [string, Context][] = [
  ['dependencies', required],
  ['peerDependencies', required],
  ['requires', required],
  ...['optional-dependencies', 'optional_dependencies', 'optionalDependencies'].map((key): [string, Context] => [
    key,
    optional,
  ]),
  ...['dev', 'build', 'test'].flatMap((role): [string, Context][] => [
    [`${role}-dependencies`, development],
    [`${role}_dependencies`, development],
    [`${role}Dependencies`, development],
  ]),
]

const groups = new Map<string, { optional: boolean; table: 'main' | 'development' }>([
  ...['required', 'runtime', 'packages', 'ggen'].map((key) => [key, { optional: false, table: 'main' }] as const),
  ['optional', { optional: true, table: 'main' }],
  ...['dev', 'development', 'build', 'test', 'tests'].map(
    (key) => [key, { optional: true, table: 'development' }] as const,
  ),
])

const languages = new Map<string, { ecosystem: Ecosystem | undefined }>([
  ...['rust', 'cargo', 'crates'].map((key) => [key, { ecosystem: 'crate' }] as const),
  ...['typescript', 'javascript', 'node', 'nodejs', 'npm', 'js', 'ts'].map(
    (key) => [key, { ecosystem: 'npm' }] as const,
  ),
  ...['python', 'pip', 'pypi'].map((key) => [key, { ecosystem: 'python' }] as const),
  ...['tools', 'system'].map((key) => [key, { ecosystem: 'tool' }] as const),
  ...[
    'java',
    'maven',
    'gradle',
    'kotlin',
    'go',
    'golang',
    'ruby',
    'gem',
    'php',
    'composer',
    'csharp',
    'dotnet',
    'nuget',
    'elixir',
    'hex',
    'swift',
  ].map((key) => [key, { ecosystem: undefined }] as const),
])

const nameKeys = ['name', 'id', 'pack_id', 'package_id', 'slug', 'package']
const rangeKeys = ['version', 'range', 'version_req', 'versions']
const cargoKeys = ['features', 'default-features', 'default_features', 'workspace', 'registry']
const settingKeys = [...rangeKeys, ...cargoKeys, 'optional', 'required', 'path', 'file', 'git', 'url', 'package']

const rangeOf = (settings: Table): string | undefined => {
  for (const key of rangeKeys) {
    const value = get(settings, key)
    const text = textOf(typeof value === 'number' || typeof value === 'bigint' ? String(value) : value)
    if (text !== undefined) return text
  }
  return undefined
}

/** `name`, `name@range`, `name >=range`, `name = "range"`, `name = { version = "range" }`, a path. */
const splitEntry = (text: string): { name: string; range: string } | undefined => {
  const entry = text.trim()
  if (entry === '' || entry.length > MAX_ENTRY_CHARACTERS) return undefined
  const at = entry.indexOf('@', 1)
  if (at > 0 && !/[\s=<>]/.test(entry.slice(0, at))) return { name: entry.slice(0, at), range: entry.slice(at + 1) }
  const parts = /^(@[^/\s]+\/[^\s=<>~^!"{}]+|[^\s=<>~^!"{}]+)\s*(.*)$/.exec(entry)
  if (parts?.[1] === undefined || parts[2] === undefined) return undefined
  const rest = parts[2]
  if (rest === '' || /^[<>~^!]|^={2}|^\d/.test(rest)) return { name: parts[1], range: rest }
  const quoted = /^=\s*(?:\{.*?\bversion\s*=\s*)?["']([^"']*)["']/.exec(rest)?.[1]
  return quoted === undefined ? undefined : { name: parts[1], range: quoted }
}

/** Recognises a path, glob or address instead of a range. */
const sourceOf = (range: string): Declared['source'] => {
  const text = range.trim()
  if (/^(?:git\+|github:|gitlab:|bitbucket:)|^[a-z][a-z+]*:\/\//i.test(text)) return { kind: 'address', text }
  const path = text.replace(/^(?:file|link|portal):/, '')
  if (path === '' || /\s|^\w+:/.test(path) || toNodeRange(path) !== undefined) return undefined
  return /[/*]|\.[a-z][a-z0-9]{0,9}$/i.test(path) ? { kind: 'path', text: path } : undefined
}

/** Recognises a path among list entries. Package names may contain dots, so only known extensions count. */
const sourceOfEntry = (name: string): Declared['source'] => {
  if (name.startsWith('@') || isPackageId(name)) return undefined
  if (/^[a-z][a-z+]*:\/\//i.test(name)) return { kind: 'address', text: name }
  return /[/*]/.test(name) || fileEnding.test(name) ? { kind: 'path', text: name } : undefined
}

const fileEnding =
  /\.(?:ttl|rdf|owl|n3|nt|shacl|rq|sparql|tmpl|tera|j2|jinja2?|hbs|json|ya?ml|toml|md|txt|csv|sql|xml|html?|rs|tsx?|jsx?|py|java)$/i

/** Old manifests write `ggen/agent-editor` for `agent-editor`. */
const withoutScope = (name: string): string => {
  const slug = name.startsWith('ggen/') ? name.slice('ggen/'.length) : ''
  return isSlug(slug) ? slug : name
}

/** Maximum number of entries read; a release has room for 128. */
const MAX_DECLARED = 2000

const MAX_DEPTH = 3

/** Maximum length of a list entry, which is a spec or a path. */
const MAX_ENTRY_CHARACTERS = 512

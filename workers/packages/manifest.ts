import { parse, TomlError } from 'smol-toml'
import type { FindingReason } from '../contract/reasons.ts'
import type { FileInput } from '../contract/views.ts'
import { commonFolder } from './file-checks.ts'
import { type Findings, firstNames } from './findings.ts'
import { findJsonError } from './json-error.ts'
import { type Position, positionAt } from './positions.ts'
import { salvageJson, salvageToml } from './salvage.ts'
import { emptyTable, isTable, type Table, tableAt } from './tree.ts'

/**
 * Finds and parses the manifest of a package. The valid lines of a malformed manifest are salvaged to fill the form.
 */

/** Why a text does not parse, and where. */
export interface ParseFault
  extends Pick<
    Extract<FindingReason, { code: 'manifest-unreadable' }>,
    'fault' | 'expected' | 'detail' | 'bytes' | 'limit'
  > {
  position?: Position
}

export interface Manifest {
  path: string
  /** The folder that its relative paths are resolved against: empty, or ends with a slash. */
  base: string
  format: 'toml' | 'json'
  text: string
  root: Table
  /** The table with the package fields: `[package]`, `[pack]`, `[gpack]`, `[project]`, else the root. */
  head: Table
  /** Why it could not be parsed; `root` is then what could be saved. */
  fault?: ParseFault
}

/** In order of precedence (docs/protocol.md §6). */
export const manifestNames = ['package.toml', 'pack.toml', 'gpack.toml', 'package.json'] as const

/** Returns the manifest at the top level, else in the common top folder, if any. */
export const findManifest = (files: readonly FileInput[], findings: Findings): Manifest | undefined => {
  const fileByPath = new Map(files.map((file) => [file.path.toLowerCase(), file]))
  for (const base of new Set(['', commonFolder(files.map((file) => file.path))])) {
    const found = manifestNames.flatMap((name) => fileByPath.get((base + name).toLowerCase()) ?? [])
    const [manifest, ...others] = found
    if (manifest === undefined) continue
    if (others.length > 0) {
      const { names, more } = firstNames(others.map((file) => file.path))
      findings.note('SeveralManifests', { code: 'several-manifests', path: manifest.path, others: names, more })
    }
    return parseManifest(manifest, base)
  }
  return undefined
}

/** Parses a TOML text as far as it is TOML; never throws. For the files beside a manifest too. */
export const parseToml = (text: string): { root: Table } | { fault: ParseFault } => {
  try {
    return { root: parse(text, { integersAsBigInt: 'asNeeded', maxDepth: MAX_DEPTH }) }
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) return { fault: { fault: 'nested-too-deeply' } }
    const detail = thrown.message.replace(/^Invalid TOML document: /, '').split('\n', 1)[0] ?? ''
    return { fault: { fault: 'not-toml', detail, position: { line: thrown.line, column: thrown.column } } }
  }
}

export const parseJson = (text: string): { root: Table } | { fault: ParseFault } => {
  try {
    const root: unknown = JSON.parse(text)
    if (isTable(root)) return { root }
    return { fault: { fault: 'not-an-object', position: { line: 1, column: 1 } } }
  } catch {
    const error = findJsonError(text)
    if (error === undefined) return { fault: { fault: 'not-json' } }
    const { offset, ...fault } = error
    return { fault: { ...fault, position: positionAt(text, offset) } }
  }
}

/** Decodes UTF-8, or UTF-16 with a byte order mark (which some shells write). */
export const decodeText = (bytes: Uint8Array): { text: string; fault?: ParseFault } => {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8'
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) }
  } catch {
    const text = new TextDecoder(encoding).decode(bytes)
    const offset = text.indexOf('�')
    return { text, fault: { fault: 'not-utf-8', ...(offset < 0 ? {} : { position: positionAt(text, offset) }) } }
  }
}

const parseManifest = (file: FileInput, base: string): Manifest => {
  const format = file.path.toLowerCase().endsWith('.json') ? 'json' : 'toml'
  const about = { path: file.path, base, format } as const
  if (file.bytes.length > MAX_MANIFEST_BYTES) {
    const fault: ParseFault = { fault: 'too-large', bytes: file.bytes.length, limit: MAX_MANIFEST_BYTES }
    return { ...about, text: '', root: emptyTable, head: emptyTable, fault }
  }
  const { text, fault } = decodeText(file.bytes)
  const parsed = fault === undefined ? (format === 'json' ? parseJson(text) : parseToml(text)) : { fault }
  if ('root' in parsed) return { ...about, text, root: parsed.root, head: headOf(parsed.root, format) }
  const root = format === 'json' ? salvageJson(text) : salvageToml(text)
  return { ...about, text, root, head: headOf(root, format), fault: parsed.fault }
}

const headOf = (root: Table, format: Manifest['format']): Table => {
  for (const name of format === 'toml' ? headNames : []) {
    const head = tableAt(root, name)
    if (head !== undefined) return head
  }
  return root
}

const headNames = ['package', 'pack', 'gpack', 'project']

/** Maximum manifest size (bytes). Bounds the parsing time; real manifests have up to 12 KB. */
const MAX_MANIFEST_BYTES = 1024 * 1024

/** Maximum nesting of inline tables and lists. */
const MAX_DEPTH = 64

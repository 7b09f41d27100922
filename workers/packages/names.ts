import { isSlug } from '../protocol/ids.ts'
import { MAX_SLUG_CHARACTERS } from '../protocol/limits.ts'
import { isVersion } from '../protocol/versions-and-ranges.ts'
import type { Findings } from './findings.ts'
import type { Manifest } from './manifest.ts'
import { positionOf } from './positions.ts'
import { firstText, get, isTable, type Table, textOf, typeOf } from './tree.ts'
import { type FieldsInput, typedText } from './typed-fields.ts'

/** Name and version of a package, which every publication needs. */

/**
 * Reads the slug (docs/protocol.md §6): `id`, else `name` if it is a slug, else the slugified folder name, else the
 * slugified name. A manifest with neither `id` nor `name` is refused; the result is then a proposal for the form.
 */
export const readSlug = ({ manifest, folder, typed }: FieldsInput, findings: Findings): string => {
  const typedSlug = typedText(typed, 'slug')
  if (typedSlug !== undefined && typedSlug !== '') {
    if (!isSlug(typedSlug)) findings.error('NameInvalid', { code: 'name-not-allowed', name: typedSlug })
    return typedSlug
  }
  const folderSlug = folder === undefined ? undefined : slugify(folder)
  if (typedSlug === '' || manifest === undefined) {
    if (typedSlug === '') findings.error('NameMissing', { code: 'name-missing' })
    return typedSlug === '' ? '' : (folderSlug ?? '')
  }
  const { path, text } = manifest
  const id = firstOfPlaces(manifest, ['id', 'slug'])
  if (id !== undefined && isSlug(id)) return id
  const name = firstOfPlaces(manifest, ['name'])
  if (name === undefined && id === undefined) {
    const given = namePlaces(manifest)
      .map((place) => get(place, 'name'))
      .find((value) => value !== undefined)
    if (given === undefined || typeof given === 'string') {
      findings.error('NameMissing', { code: 'name-missing', path }, { path })
    } else {
      findings.error('NameInvalid', { code: 'name-not-text', path, type: typeOf(given) }, { path })
    }
    return folderSlug ?? ''
  }
  if (name !== undefined && isSlug(name)) return name
  const given = id ?? name ?? ''
  const place = { path, ...positionOf(text, given) }
  const slug = folderSlug ?? slugify(name ?? given)
  if (slug === undefined) {
    findings.error('NameInvalid', { code: 'name-unusable', name: given }, place)
    return ''
  }
  const source = folderSlug === undefined ? 'name' : 'folder'
  findings.note('SlugDerived', { code: 'slug-derived', name: given, slug, source }, place)
  return slug
}

/** Reads the version, which is never guessed: a missing or invalid one is refused, with the nearest valid proposal. */
export const readVersion = ({ manifest, typed }: FieldsInput, findings: Findings): string => {
  const typedVersion = typedText(typed, 'version')
  const value = typedVersion ?? (manifest && firstValue(manifest, 'version'))
  const path = typedVersion === undefined ? manifest?.path : undefined
  if (value === undefined || (typeof value === 'string' && value.trim() === '')) {
    // A missing manifest already has its own finding.
    if (manifest !== undefined || typedVersion !== undefined) {
      findings.error('VersionMissing', { code: 'version-missing', path }, { path })
    }
    return ''
  }
  if (typeof value !== 'string') {
    const inherited = isTable(value) && get(value, 'workspace') === true
    findings.error(
      'VersionInvalid',
      inherited ? { code: 'version-inherited' } : { code: 'version-not-text', type: typeOf(value) },
      { path },
    )
    return ''
  }
  const version = value.trim()
  if (!isVersion(version)) {
    const near = nearestVersion(version)
    const position = path === undefined || manifest === undefined ? {} : positionOf(manifest.text, value)
    findings.error('VersionInvalid', { code: 'version-not-allowed', version, near }, { path, ...position })
  }
  return version
}

/** Reads the display name: a title, else a name that is not a slug, else a full name, else the name. */
export const readDisplayName = ({ manifest, typed }: FieldsInput): string | undefined => {
  const typedName = typedText(typed, 'displayName')
  if (typedName !== undefined && typedName !== '') return typedName
  if (manifest === undefined) return undefined
  const title = firstOfPlaces(manifest, ['display_name', 'displayName', 'display-name', 'title'])
  if (title !== undefined) return title
  const name = firstOfPlaces(manifest, ['name'])
  if (name !== undefined && !isSlug(name)) return name
  // Machine names such as `ggen/agent-editor` or `hello-world-starter` are less readable than the name itself.
  const fullName = firstOfPlaces(manifest, ['full_name', 'fullName', 'full-name'])
  return fullName !== undefined && /[\s\p{Lu}]/u.test(fullName) ? fullName : name
}

/** Turns a text into a slug; undefined if nothing is left. */
const slugify = (text: string): string | undefined => {
  const slug = text
    .slice(0, 1000)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-z0-9._]+/g, '-')
    .slice(0, MAX_SLUG_CHARACTERS)
    .replace(/^[._-]+/, '')
    .replace(/[._-]+$/, '')
  return isSlug(slug) ? slug : undefined
}

const namePlaces = ({ root, head }: Manifest): Table[] => [head, root]

const firstOfPlaces = (manifest: Manifest, keys: readonly string[]): string | undefined => {
  for (const place of namePlaces(manifest)) {
    const text = firstText(place, keys)
    if (text !== undefined) return text
  }
  return undefined
}

const firstValue = (manifest: Manifest, key: string): unknown => {
  const values = namePlaces(manifest).map((place) => get(place, key))
  return values.find((value) => textOf(value) !== undefined) ?? values.find((value) => value !== undefined)
}

const nearestVersion = (text: string): string | undefined => {
  const parts = /^[vV=\s]*(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/.exec(
    text,
  )
  if (parts === null) return undefined
  const [major, minor, patch] = [parts[1], parts[2], parts[3]].map((part) => Number(part ?? 0))
  const near = `${major}.${minor}.${patch}${parts[4]}`
  return isVersion(near) ? near : undefined
}

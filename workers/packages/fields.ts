import type { ManifestFields } from '../contract/views.ts'
import {
  MAX_AUTHOR_CHARACTERS,
  MAX_AUTHORS,
  MAX_DESCRIPTION_CHARACTERS,
  MAX_DISPLAY_NAME_CHARACTERS,
  MAX_KEYWORDS,
  MAX_LICENSE_CHARACTERS,
  MAX_REPOSITORY_CHARACTERS,
  MAX_TAG_CHARACTERS,
  MAX_TAGS,
} from '../protocol/limits.ts'
import { cleanDescription, cleanLine, cleanList } from './clean-text.ts'
import type { Findings } from './findings.ts'
import { isKnownLicense } from './license.ts'
import type { Manifest } from './manifest.ts'
import { readDisplayName, readSlug, readVersion } from './names.ts'
import { firstText, get, isTable, type Table, tableAt, textOf, textsOf, typeOf } from './tree.ts'
import { type FieldsInput, type TypedFields, typedText } from './typed-fields.ts'

/**
 * Reads the package fields for the release record: typed by a person, else leniently from the manifest
 * (docs/protocol.md §6). Unreadable fields are empty and reported.
 */
export const readFields = (input: FieldsInput, findings: Findings): ManifestFields => {
  const { manifest, typed } = input
  const path = manifest?.path
  const places = manifest === undefined ? [] : fieldPlaces(manifest)
  const find = <T>(read: (place: Table) => T | undefined): T | undefined => {
    for (const place of places) {
      const value = read(place)
      if (value !== undefined) return value
    }
    return undefined
  }
  const textAt = (...keys: string[]) => find((place) => firstText(place, keys))
  const listAt = (key: string) =>
    nonEmpty(typedList(typed, key)) ?? find((place) => nonEmpty(textsOf(get(place, key), key)))

  const slug = readSlug(input, findings)
  const version = readVersion(input, findings)
  const displayName = cleanLine(
    readDisplayName(input) ?? slug,
    MAX_DISPLAY_NAME_CHARACTERS,
    'display name',
    path,
    findings,
  )

  const description = cleanDescription(
    typedText(typed, 'description') ?? textAt('description', 'summary') ?? '',
    MAX_DESCRIPTION_CHARACTERS,
    path,
    findings,
  )
  if (description === '') findings.warning('DescriptionMissing', { code: 'no-description' }, { path })
  const wrongDescription = find((place) => get(place, 'description'))
  if (wrongDescription !== undefined && typeof wrongDescription !== 'string') {
    findings.warning('FieldUnreadable', { code: 'description-not-text', type: typeOf(wrongDescription) }, { path })
  }

  const givenCategory = typedText(typed, 'category') ?? textAt('category') ?? listAt('categories')?.[0] ?? ''
  const category = cleanLine(givenCategory.toLowerCase(), MAX_TAG_CHARACTERS, 'category', path, findings)
  if (category === '') findings.warning('CategoryMissing', { code: 'no-category' }, { path })

  const tagLists = (['tags', 'keywords'] as const).map((key) => {
    if (Array.isArray(typed[key])) return typedList(typed, key)
    return listAt(key) ?? findList(manifest, key, findings)
  })
  const [tags, keywords] = tagLists

  const license = cleanLine(
    typedText(typed, 'license') ?? find((place) => licenseOf(place)) ?? '',
    MAX_LICENSE_CHARACTERS,
    'licence',
    path,
    findings,
  )
  if (license === '') {
    findings.warning('LicenseMissing', { code: 'no-license' }, { path })
  } else if (!isKnownLicense(license)) {
    findings.warning('LicenseUnknown', { code: 'license-unknown', license }, { path })
  }

  const repository = readRepository(typedText(typed, 'repository') ?? find(repositoryOf) ?? '', path, findings)
  const people = Array.isArray(typed.authors)
    ? typedList(typed, 'authors')
    : (find((place) => nonEmpty([...peopleOf(get(place, 'author')), ...peopleOf(get(place, 'authors'))])) ??
      find((place) => nonEmpty([...peopleOf(get(place, 'contributors')), ...peopleOf(get(place, 'maintainers'))])))

  return {
    slug,
    version,
    displayName: displayName === '' ? slug : displayName,
    description,
    category: category === '' ? 'uncategorized' : category,
    tags: cleanList(tags ?? [], MAX_TAGS, MAX_TAG_CHARACTERS, 'tags', path, findings),
    keywords: cleanList(keywords ?? [], MAX_KEYWORDS, MAX_TAG_CHARACTERS, 'keywords', path, findings),
    license,
    authors: cleanList(people ?? [], MAX_AUTHORS, MAX_AUTHOR_CHARACTERS, 'authors', path, findings),
    repository,
  }
}

/** Tables that may contain the fields, most likely first. */
const fieldPlaces = ({ root, head }: Manifest): Table[] => {
  const nested = [root, head].map((table) => tableAt(table, 'ggen'))
  const around = ['metadata', 'marketplace', 'project'].flatMap((key) => [tableAt(head, key), tableAt(root, key)])
  return [...new Set([...nested, head, root, ...around].filter((table) => table !== undefined))]
}

/** Finds a list in an unexpected table: in TOML, lines after a heading belong to that heading. */
const findList = (
  manifest: Manifest | undefined,
  key: 'tags' | 'keywords',
  findings: Findings,
): string[] | undefined => {
  if (manifest === undefined) return undefined
  for (const [name, table] of Object.entries(manifest.root)) {
    const value = get(table, key)
    if (name === 'dependencies' || !Array.isArray(value)) continue
    const list = nonEmpty(textsOf(value, key))
    if (list === undefined) continue
    findings.note('FoundElsewhere', { code: 'field-misplaced', field: key, table: name }, { path: manifest.path })
    return list
  }
  return undefined
}

const typedList = (typed: TypedFields, key: string): string[] => {
  const value = (typed as Table)[key]
  return Array.isArray(value) ? textsOf(value, key) : []
}

const nonEmpty = (list: string[]): string[] | undefined => (list.length === 0 ? undefined : list)

const licenseOf = (place: Table): string | undefined => {
  for (const key of ['license', 'licence', 'licenses', 'licences']) {
    const value = get(place, key)
    const names = (Array.isArray(value) ? value : [value]).flatMap(
      (item: unknown) => textOf(item) ?? (isTable(item) ? (firstText(item, ['type', 'name', 'id', 'text']) ?? []) : []),
    )
    if (names.length > 0) return names.slice(0, 16).join(' OR ')
  }
  return undefined
}

const repositoryOf = (place: Table): string | undefined => {
  for (const key of ['repository', 'repo', 'repository_url', 'source']) {
    const value = get(place, key)
    const text = textOf(value) ?? (isTable(value) ? firstText(value, ['url', 'href']) : undefined)
    if (text !== undefined) return text
  }
  return undefined
}

/** Accepts only web pages and repositories. Executable links must never reach the page. */
const readRepository = (raw: string, path: string | undefined, findings: Findings): string => {
  const shorthand = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(raw)
  const address = shorthand?.[1] === undefined ? raw.replace(/^git\+/, '') : `https://github.com/${shorthand[1]}`
  const line = cleanLine(address, MAX_REPOSITORY_CHARACTERS, 'repository', path, findings)
  if (line === '' || /^(?:https?|git|ssh):\/\/\S+$|^[\w.-]+@[\w.-]+:\S+$/i.test(line)) return line
  findings.warning('RepositoryInvalid', { code: 'repository-malformed', repository: raw }, { path })
  return ''
}

const peopleOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((person: unknown) => {
    const text = textOf(person)
    if (text !== undefined) return text
    if (!isTable(person)) return []
    const name = firstText(person, ['name', 'fullname', 'full_name'])
    const email = firstText(person, ['email', 'mail'])
    if (name === undefined) return email ?? []
    return email === undefined ? name : `${name} <${email}>`
  })

import { satisfies } from 'semver'
import type { DependencyView, FileInput } from '../contract/views.ts'
import { isSlug } from '../protocol/ids.ts'
import { MAX_DEPENDENCIES, MAX_DEPENDENCY_NAME_CHARACTERS, MAX_RANGE_CHARACTERS } from '../protocol/limits.ts'
import { toLine } from '../protocol/text.ts'
import { type Declared, type Ecosystem, readDeclared } from './declared.ts'
import { type Findings, firstNames } from './findings.ts'
import { libraryEcosystems } from './known-libraries.ts'
import type { Manifest } from './manifest.ts'
import { readNeighbours } from './neighbours.ts'
import { positionOf } from './positions.ts'
import { toNodeRange } from './ranges.ts'
import { get } from './tree.ts'

/**
 * Classifies the declared dependencies (docs/protocol.md §6). Catalogue packages come first, so that one with the name
 * of a crate is found. Likely libraries of other ecosystems are external and never block an install. Other names stay
 * unknown, because they may be published later.
 */
export const readDependencies = (
  manifest: Manifest,
  files: readonly FileInput[],
  slug: string,
  knownVersions: (slug: string) => readonly string[] | undefined,
  findings: Findings,
): DependencyView[] => {
  const declared = readDeclared(manifest, findings)
  const ecosystemOf = createEcosystemOf(manifest, files, declared)
  const { path } = manifest

  const classify = (entry: Declared): DependencyView | undefined => {
    const { optional, source, language } = entry
    const name = toLine(entry.name, MAX_DEPENDENCY_NAME_CHARACTERS)
    const written = toLine(entry.range, MAX_RANGE_CHARACTERS)
    const external = (ecosystem: Ecosystem | undefined): DependencyView => ({
      name,
      range: written,
      optional,
      kind: 'external',
      ...(ecosystem === undefined ? {} : { ecosystem }),
    })
    if (name === '' || name !== entry.name.normalize('NFC')) {
      findings.note('DependencyUnread', { code: 'dependency-not-name', name: entry.name }, { path })
      return undefined
    }
    if (language !== undefined) return external(language.ecosystem)
    if (name === 'ggen') return external('tool')
    if (name === slug) {
      findings.warning('SelfDependency', { code: 'dependency-on-itself' }, { path })
      return undefined
    }
    if (source?.kind === 'path') {
      return { name: toLine(source.text, MAX_DEPENDENCY_NAME_CHARACTERS), range: '', optional, kind: 'asset' }
    }
    if (source?.kind === 'address')
      return { ...external(ecosystemOf(entry)), range: toLine(source.text, MAX_RANGE_CHARACTERS) }

    const range = toNodeRange(entry.range)
    const versions = isSlug(name) ? knownVersions(name) : undefined
    const fits = range !== undefined && versions?.some((version) => satisfies(version, range)) === true
    if (fits) return { name, range, optional, kind: 'package' }
    const ecosystem = ecosystemOf(entry)
    if (ecosystem !== undefined) return external(ecosystem)

    const position = positionOf(manifest.text, entry.range)
    if (range === undefined) {
      const reason = { code: 'range-malformed', range: entry.range, dependency: name } as const
      findings.warning('RangeInvalid', reason, { path, ...position })
    }
    const asked = range ?? '*'
    if (versions !== undefined) {
      if (range !== undefined) {
        const { names, more } = firstNames(versions)
        findings.warning(
          'DependencyVersionMissing',
          { code: 'dependency-version-unknown', dependency: name, range: asked, versions: names, more },
          { path, ...position },
        )
      }
      return { name, range: asked, optional, kind: 'package' }
    }
    const reason = { code: 'dependency-not-known', dependency: name, range: asked, optional } as const
    findings.note('DependencyUnknown', reason, { path })
    return { name, range: asked, optional, kind: 'unknown' }
  }

  const views = mergeRepeated(
    declared.flatMap((entry) => classify(entry) ?? []),
    path,
    findings,
  )
  reportExternals(views, path, findings)
  return limit(views, path, findings)
}

/** Infers the ecosystem of an entry outside of language tables from the entry, its table and neighbouring files. */
const createEcosystemOf = (manifest: Manifest, files: readonly FileInput[], declared: readonly Declared[]) => {
  const neighbours = readNeighbours(manifest, files)
  const own = (entry: Declared): Ecosystem[] => {
    const named = ([...neighbours] as const).flatMap(([ecosystem, names]) => (names.has(entry.name) ? [ecosystem] : []))
    if (entry.cargoSettings) return ['crate', ...named]
    return [...named, ...(entry.name.startsWith('@types/') ? (['npm'] as const) : []), ...libraryEcosystems(entry.name)]
  }
  const looksLikeCargo =
    manifest.format === 'toml' &&
    ['bin', 'lib', 'build-dependencies', 'dev-dependencies'].some((key) => get(manifest.root, key) !== undefined)

  const majority = (table: Declared['table']): Ecosystem | undefined => {
    if (manifest.format === 'json') return 'npm'
    const entries = declared.filter((entry) => entry.table === table && !entry.language && !entry.source)
    for (const ecosystem of ['crate', 'npm', 'python'] as const) {
      if (entries.filter((entry) => own(entry).includes(ecosystem)).length * 2 > entries.length) return ecosystem
    }
    return looksLikeCargo ? 'crate' : undefined
  }
  const ecosystemByTable = { main: majority('main'), development: majority('development') }
  return (entry: Declared): Ecosystem | undefined => {
    const named = own(entry)
    const ofTable = ecosystemByTable[entry.table]
    return ofTable === undefined || (entry.cargoSettings && ofTable !== 'crate') ? named[0] : ofTable
  }
}

/** Merges entries of the same name: first range, required if any of them is. */
const mergeRepeated = (views: readonly DependencyView[], path: string, findings: Findings): DependencyView[] => {
  const viewByKey = new Map<string, DependencyView>()
  for (const view of views) {
    const key = `${view.kind === 'external' ? (view.ecosystem ?? 'external') : ''}:${view.name}`
    const first = viewByKey.get(key)
    if (first === undefined) {
      viewByKey.set(key, view)
      continue
    }
    if (first.range !== view.range) {
      findings.warning(
        'DependencyRepeated',
        { code: 'dependency-repeated', dependency: view.name, first: first.range, second: view.range },
        { path },
      )
    }
    viewByKey.set(key, { ...first, optional: first.optional && view.optional })
  }
  return [...viewByKey.values()]
}

const reportExternals = (views: readonly DependencyView[], path: string, findings: Findings) => {
  for (const ecosystem of ['crate', 'npm', 'python', 'tool', 'other'] as const) {
    const externals = views.filter((view) => view.kind === 'external' && (view.ecosystem ?? 'other') === ecosystem)
    if (externals.length === 0) continue
    const named = firstNames(externals.map((view) => view.name))
    findings.note('DependencyExternal', { code: 'dependencies-external', ecosystem, ...named }, { path })
  }
}

/** Enforces the dependency limit of a release. Keeps packages before libraries, since only packages are installed. */
const limit = (views: DependencyView[], path: string, findings: Findings): DependencyView[] => {
  if (views.length <= MAX_DEPENDENCIES) return views
  const installed = views.filter((view) => view.kind === 'package' || view.kind === 'unknown')
  if (installed.length > MAX_DEPENDENCIES) {
    findings.error(
      'RecordTooLarge',
      { code: 'too-many-dependencies', count: installed.length, limit: MAX_DEPENDENCIES },
      { path },
    )
  }
  const reason = { code: 'list-cut', field: 'dependencies', count: views.length, limit: MAX_DEPENDENCIES } as const
  findings.warning('ListCut', reason, { path })
  const others = views.filter((view) => !installed.includes(view))
  return [...installed, ...others].slice(0, MAX_DEPENDENCIES)
}

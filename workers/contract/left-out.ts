import type { LeftOut, LeftOutReason } from './views.ts'

/**
 * The one list of files that never belong to a package, for every kind of input (folder, drop, archive, `window.ggen`).
 *
 * Part of the contract, because the page skips these folders before it reads them and the engine checks again. It
 * decides by name and place only, never by content; names are compared without regard to case. The engine, which knows
 * the manifest, decides about folders that may be build output or the package itself (`dist`, `build`).
 */

/** The place of a name: folders above it inside the package, outermost first, and all names beside it, lower case. */
export interface Place {
  readonly parents: readonly string[]
  readonly siblings: ReadonlySet<string>
  readonly isFolder: boolean
}

/** The reason to leave out this name at this place; undefined when it belongs to the package. */
export const reasonToLeaveOut = (name: string, { parents, siblings, isFolder }: Place): LeftOutReason | undefined => {
  const lower = name.toLowerCase()
  const listed = reasonByName.get(lower) ?? reasonByPattern(lower)
  if (listed !== undefined) return listed
  if (!isFolder) return undefined
  if (caseSensitive.has(name)) return caseSensitive.get(name)
  // A template may contain editor settings for the projects created from it.
  if (editorFolders.has(lower)) return parents.some(isTemplateFolder) ? undefined : 'editor'
  const isOutput = lower === 'target' && (parents.length === 0 || targetMarkers.some((marker) => siblings.has(marker)))
  return isOutput ? 'build' : undefined
}

export interface Sifted<T> {
  /** The common top folder, which is not part of the package; undefined without one. */
  readonly folder: string | undefined
  /** Remaining items in the given order, with their paths inside the top folder. */
  readonly kept: { readonly path: string; readonly item: T }[]
  readonly leftOut: LeftOut[]
}

/** Removes the common top folder from a list of files, and leaves out those that never belong to a package. */
export const sift = <T extends { readonly path: string }>(items: readonly T[]): Sifted<T> => {
  const folder = commonTop(items.map(({ path }) => path))
  const prefix = folder === undefined ? '' : `${folder}/`
  const inside = items.map((item) => ({
    item,
    path: item.path.startsWith(prefix) ? item.path.slice(prefix.length) : item.path,
  }))
  const namesByFolder = listNames(inside.map(({ path }) => path))
  const kept: Sifted<T>['kept'] = []
  const leftOut = createLeftOut()
  for (const each of inside) {
    const found = findLeftOut(segmentsOf(each.path), namesByFolder)
    if (found === undefined) kept.push(each)
    // An archive lists folders too.
    else leftOut.add(found.name, found.reason, each.path.endsWith('/') ? 0 : 1)
  }
  return { folder, kept, leftOut: leftOut.list() }
}

/** Counts files left out, by name. */
export const createLeftOut = () => {
  const byName = new Map<string, LeftOut>()
  return {
    add(name: string, reason: LeftOutReason, files = 1, atLeast = false): void {
      const key = `${reason} ${name.toLowerCase()}`
      const counted = byName.get(key) ?? { name, reason, files: 0 }
      const isCut = atLeast || counted.atLeast === true
      byName.set(key, { ...counted, files: counted.files + files, ...(isCut ? { atLeast: true } : {}) })
    },
    /** Sorted by name. */
    list: (): LeftOut[] =>
      [...byName.values()]
        .filter(({ files }) => files > 0)
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
  }
}

/** Joins lists, adding up equal entries. */
export const joinLeftOut = (...lists: readonly (readonly LeftOut[])[]): LeftOut[] => {
  const all = createLeftOut()
  for (const { name, reason, files, atLeast } of lists.flat()) all.add(name, reason, files, atLeast)
  return all.list()
}

/** Windows archives may have backslashes; a path with one is refused later, and must not hide a name until then. */
const segmentsOf = (path: string): string[] => path.split(/[/\\]/)

const findLeftOut = (
  segments: readonly string[],
  namesByFolder: ReadonlyMap<string, ReadonlySet<string>>,
): { name: string; reason: LeftOutReason } | undefined => {
  for (const [at, name] of segments.entries()) {
    const parents = segments.slice(0, at)
    const siblings = namesByFolder.get(parents.join('/')) ?? noNames
    const reason = reasonToLeaveOut(name, { parents, siblings, isFolder: at < segments.length - 1 })
    if (reason !== undefined) return { name, reason }
  }
  return undefined
}

const listNames = (paths: readonly string[]): Map<string, Set<string>> => {
  const namesByFolder = new Map<string, Set<string>>()
  for (const path of paths) {
    const segments = segmentsOf(path)
    // Only names of files identify a folder beside them.
    const folder = segments.slice(0, -1).join('/')
    const names = namesByFolder.get(folder) ?? new Set()
    namesByFolder.set(folder, names)
    names.add((segments.at(-1) ?? '').toLowerCase())
  }
  return namesByFolder
}

/** The top folder that contains all files that belong to the package. */
const commonTop = (paths: readonly string[]): string | undefined => {
  const isOwn = (path: string): boolean => {
    const [first = '', ...rest] = segmentsOf(path)
    return reasonToLeaveOut(first, { parents: [], siblings: noNames, isFolder: rest.length > 0 }) === undefined
  }
  const own = paths.filter(isOwn)
  // If nothing else is left, a folder with such a name was itself chosen as the package; version control never is.
  const counted = own.length > 0 ? own : paths
  const top = counted[0]?.split('/')[0]
  if (top === undefined || top === '' || reasonByName.get(top.toLowerCase()) === 'version-control') return undefined
  return counted.every((path) => path.startsWith(`${top}/`)) ? top : undefined
}

const noNames: ReadonlySet<string> = new Set()

const isTemplateFolder = (name: string): boolean => /^(?:templates?|skeletons?|scaffolds?)$|[{}]/i.test(name)

const reasonByPattern = (lower: string): LeftOutReason | undefined => {
  // AppleDouble files, lock files of office programs.
  if (/^\._./.test(lower) || /^~\$/.test(lower)) return 'system'
  // Swap and autosave files of editors.
  if (/^\..+\.sw[a-p]$/.test(lower) || /^\.?#.+#$|^\.#/.test(lower)) return 'editor'
  if (/\.py[cod]$/.test(lower) || /^(?:npm-debug|yarn-(?:debug|error)|pnpm-debug|lerna-debug)\.log/.test(lower))
    return 'cache'
  return undefined
}

const names: Record<Exclude<LeftOutReason, 'chosen'>, string> = {
  'version-control': '.git .hg .svn .bzr .jj .pijul .fslckout _darcs',
  dependencies:
    'node_modules bower_components jspm_packages .pnpm-store .pnp.cjs .venv venv .virtualenv site-packages __pypackages__ .eggs .bundle .gradle .m2 .cargo-cache',
  build: '.next .nuxt .output .svelte-kit .angular .vercel .netlify .serverless .terraform .docusaurus',
  cache:
    '__pycache__ .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .tox .nox .parcel-cache .sass-cache .eslintcache .stylelintcache .turbo .nx .vite .npm .yarn-cache .nyc_output .ipynb_checkpoints .coverage .phpunit.result.cache',
  editor: '.vs .history',
  system:
    '.ds_store __macosx thumbs.db ehthumbs.db desktop.ini .spotlight-v100 .trashes .fseventsd .temporaryitems .appledouble .lsoverride .documentrevisions-v100 $recycle.bin .directory .trash-1000',
}

const reasonByName = new Map<string, LeftOutReason>(
  Object.entries(names).flatMap(([reason, list]) =>
    list.split(' ').map((name): [string, LeftOutReason] => [name, reason as LeftOutReason]),
  ),
)

/** Names that are ordinary words in lower case. */
const caseSensitive = new Map<string, LeftOutReason>([
  ['CVS', 'version-control'],
  ['Pods', 'dependencies'],
  ['System Volume Information', 'system'],
])

const editorFolders: ReadonlySet<string> = new Set(['.idea', '.vscode', '.fleet', '.zed', '.eclipse', '.settings'])

/** Build files whose output is the folder `target` beside them. */
const targetMarkers = ['cargo.toml', 'pom.xml', 'build.sbt', 'project.clj']

import type { DependencyView, FileInput } from '../contract/views.ts'
import type { Findings } from './findings.ts'
import type { Manifest } from './manifest.ts'
import { positionOf } from './positions.ts'
import { get, isTable } from './tree.ts'

/** Reports files that the manifest names but the package does not contain. Common, so allowed. */
export const checkReferences = (
  manifest: Manifest,
  files: readonly FileInput[],
  dependencies: readonly DependencyView[],
  findings: Findings,
) => {
  const { base, path, text } = manifest
  const paths = files.map((file) => file.path)
  const present = new Set(paths.flatMap(withFolders))
  const assets = dependencies.filter((dependency) => dependency.kind === 'asset').map((dependency) => dependency.name)
  for (const reference of new Set([...collectReferences(manifest), ...assets])) {
    const wanted = base + reference.replace(/^(?:\.\/)+/, '').replace(/\/$/, '')
    if (reference.startsWith('../') || reference.startsWith('/')) continue
    if (wanted.includes('*') ? paths.some((candidate) => fitsGlob(candidate, wanted)) : present.has(wanted)) continue
    findings.warning('MissingFile', { code: 'file-missing', reference }, { path, ...positionOf(text, reference) })
  }
}

const collectReferences = ({ root, head }: Manifest): Set<string> => {
  const references = new Set<string>()
  const add = (text: string, isPath: boolean) => {
    if (references.size < MAX_REFERENCES && (isPath || looksLikePath(text))) references.add(text)
  }
  const walk = (value: unknown, depth: number) => {
    if (typeof value === 'string') add(value, false)
    else if (depth > MAX_DEPTH || references.size >= MAX_REFERENCES) return
    else if (Array.isArray(value)) for (const item of value as unknown[]) walk(item, depth + 1)
    else if (isTable(value)) for (const item of Object.values(value)) walk(item, depth + 1)
  }
  for (const place of new Set([root, head])) {
    const files = get(place, 'files')
    // `"README.md" = "README.md"`, or `"README.md" = "Package overview"`: the name is the path.
    if (isTable(files))
      for (const [key, value] of Object.entries(files)) looksLikePath(key) ? add(key, true) : walk(value, 1)
    else walk(files, 0)
    for (const section of sections) walk(get(place, section), 0)
    for (const key of ['readme', 'license-file', 'license_file']) {
      const file = get(place, key)
      if (typeof file === 'string' && file !== '' && !/\s/.test(file)) add(file, true)
    }
  }
  return references
}

const sections = [
  'assets',
  'data',
  'docs',
  'documentation',
  'examples',
  'metadata',
  'ontology',
  'queries',
  'rdf',
  'shapes',
  'sparql',
  'sparql_queries',
  'templates',
  'tests',
]

/** Returns whether a text looks like a path in the package: no spaces, placeholders or URLs; a slash or extension. */
const looksLikePath = (text: string): boolean =>
  text.length <= MAX_CHARACTERS &&
  !/[\s:;,(){}<>|"'`$&?!#%=\\@]/.test(text) &&
  (/\/$/.test(text) || /(?:\/|^)[^/]*\*[^/]*$/.test(text) || /^(?:.*\/)?[^/]+\.[a-z][a-z0-9]{0,9}$/i.test(text)) &&
  (text.includes('/') || fileEnding.test(text))

// Without a slash, only extensions that no host name or Java package has.
const fileEnding = /\.(?:ttl|rdf|owl|shacl|rq|sparql|tmpl|tera|j2|hbs|json|ya?ml|toml|md|txt|csv|sql|xml|html)$/i

/** Compares only the parts before the first and after the last star: cheap, and enough to detect missing files. */
const fitsGlob = (path: string, glob: string): boolean => {
  const before = glob.slice(0, glob.indexOf('*'))
  const after = glob.slice(glob.lastIndexOf('*') + 1)
  return path.length >= before.length + after.length && path.startsWith(before) && path.endsWith(after)
}

const withFolders = (path: string): string[] => {
  const all = [path]
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    all.push(path.slice(0, slash))
  }
  return all
}

/** Maximum number of references, equal to the file limit of a package. */
const MAX_REFERENCES = 1000
const MAX_DEPTH = 4
const MAX_CHARACTERS = 512

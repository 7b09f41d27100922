import type { FileInput } from '../contract/views.ts'
import type { Ecosystem } from './declared.ts'
import { decodeText, type Manifest, parseJson, parseToml } from './manifest.ts'
import { get, isTable } from './tree.ts'

/**
 * Reads the dependencies of project files beside a manifest (`Cargo.toml`, `package.json`, `requirements.txt`,
 * `pyproject.toml`). A name listed there belongs to that ecosystem.
 */
export const readNeighbours = (
  manifest: Manifest,
  files: readonly FileInput[],
): ReadonlyMap<Ecosystem, ReadonlySet<string>> => {
  const textOf = (name: string): string | undefined => {
    const file = files.find((candidate) => candidate.path === manifest.base + name)
    if (file === undefined || file.path === manifest.path || file.bytes.length > MAX_BYTES) return undefined
    return decodeText(file.bytes).text
  }
  const cargo = textOf('Cargo.toml')
  const npm = textOf('package.json')
  const requirements = textOf('requirements.txt')
  const python = textOf('pyproject.toml')
  return new Map<Ecosystem, ReadonlySet<string>>([
    ['crate', new Set(cargo === undefined ? [] : namesIn(parseToml(cargo)))],
    ['npm', new Set(npm === undefined ? [] : namesIn(parseJson(npm)))],
    ['python', new Set([...(requirements?.split('\n') ?? []), ...pythonNames(python)].flatMap(pythonName))],
  ])
}

const namesIn = (parsed: ReturnType<typeof parseToml>): string[] => {
  if (!('root' in parsed)) return []
  return [parsed.root, get(parsed.root, 'workspace')].flatMap((place) =>
    dependencyTables.flatMap((key) => {
      const table = get(place, key)
      return isTable(table) ? Object.keys(table) : []
    }),
  )
}

const pythonNames = (text: string | undefined): string[] => {
  const parsed = text === undefined ? undefined : parseToml(text)
  if (parsed === undefined || !('root' in parsed)) return []
  const listed = get(get(parsed.root, 'project'), 'dependencies')
  const poetry = get(get(get(parsed.root, 'tool'), 'poetry'), 'dependencies')
  return [
    ...(Array.isArray(listed) ? listed.filter((entry) => typeof entry === 'string') : []),
    ...(isTable(poetry) ? Object.keys(poetry) : []),
  ]
}

const pythonName = (line: string): string[] => {
  const name = /^\s*([A-Za-z0-9][\w.-]*)/.exec(line)?.[1]
  return name === undefined ? [] : [name.toLowerCase()]
}

const dependencyTables = [
  'dependencies',
  'dev-dependencies',
  'build-dependencies',
  'devDependencies',
  'peerDependencies',
  'optionalDependencies',
]

/** Maximum size of a project file (bytes). Larger files are ignored, which only loses hints. */
const MAX_BYTES = 1024 * 1024

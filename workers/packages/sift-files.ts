import { createLeftOut, joinLeftOut, sift } from '../contract/left-out.ts'
import type { FileInput, LeftOut } from '../contract/views.ts'
import { manifestNames } from './manifest.ts'

/**
 * Excludes files that do not belong to a package: the list shared by all ways to choose files, and build output.
 *
 * `dist` and similar folders are build output at the top level and beside a build file, unless the manifest names them
 * for publication. Paths are unchanged and bytes are not copied.
 */
export const siftFiles = (given: readonly FileInput[]): { files: FileInput[]; leftOut: LeftOut[] } => {
  const { kept, leftOut } = sift(given)
  const manifests = kept.filter(({ path }) => isManifest(path)).map(({ item }) => textOf(item))
  const outputs = outputNames.filter((name) => !manifests.some((text) => namesFolder(text, name)))
  const builds = new Set(kept.flatMap(({ path }) => (buildFiles.has(nameOf(path)) ? [folderOf(path)] : [])))
  const counted = createLeftOut()
  const files = kept.flatMap(({ path, item }) => {
    const output = outputs.find((name) => isOutput(path, name, builds))
    if (output === undefined) return [item]
    counted.add(output, 'build')
    return []
  })
  return { files, leftOut: joinLeftOut(leftOut, counted.list()) }
}

const outputNames = ['build', 'dist', 'out', 'coverage']

const buildFiles: ReadonlySet<string> = new Set([
  ...['package.json', 'setup.py', 'setup.cfg', 'pyproject.toml', 'build.gradle', 'build.gradle.kts'],
  ...['cmakelists.txt', 'mix.exs', 'pubspec.yaml', 'makefile'],
])

/** Part of a manifest searched for folder names (bytes). */
const manifestBytes = 64 * 1024

const isOutput = (path: string, name: string, builds: ReadonlySet<string>): boolean => {
  const lower = path.toLowerCase()
  if (lower.startsWith(`${name}/`)) return true
  const at = lower.indexOf(`/${name}/`)
  return at > 0 && builds.has(path.slice(0, at))
}

const isManifest = (path: string): boolean => manifestNames.some((name) => name === path)

const textOf = ({ bytes }: FileInput): string => new TextDecoder().decode(bytes.subarray(0, manifestBytes))

/** Returns whether a text names this folder as a path or value. A script of that name does not count. */
const namesFolder = (text: string, name: string): boolean =>
  new RegExp(`(?:^|["'./\\s])${name}(?:/|["'](?!\\s*[:=]))`, 'm').test(text)

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1).toLowerCase()

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

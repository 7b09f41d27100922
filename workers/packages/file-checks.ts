import type { FileInput } from '../contract/views.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from '../protocol/limits.ts'
import { collisionKey, validatePath } from '../protocol/paths.ts'
import { type Findings, quote } from './findings.ts'

/**
 * Checks the number, sizes and paths of the files of a package. Returns them sorted by path, with paths in NFC (macOS
 * provides NFD).
 */
export const checkFiles = (given: readonly FileInput[], findings: Findings): FileInput[] => {
  if (given.length === 0) findings.error('PackageEmpty', 'There are no files. A package holds at least its manifest.')
  if (given.length > MAX_FILES) {
    findings.error('TooManyFiles', `There are ${given.length} files; a package can hold ${MAX_FILES}.`)
  }
  const size = given.reduce((sum, file) => sum + file.bytes.length, 0)
  if (size > MAX_PACKAGE_BYTES) {
    const largest = given.reduce((a, b) => (b.bytes.length > a.bytes.length ? b : a))
    findings.error(
      'PackageTooLarge',
      `The files have ${megabytes(size)}; a package can hold ${megabytes(MAX_PACKAGE_BYTES)}. ` +
        `The largest is ${quote(largest.path)} with ${megabytes(largest.bytes.length)}.`,
      { path: largest.path },
    )
  }
  const files = given.map((file) => normalized(file, findings))
  files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  for (const { path } of files) {
    const valid = validatePath(path)
    if (!valid.ok) findings.error('PathUnsafe', valid.message, { path })
  }
  const paths = files.map((file) => file.path)
  checkCollisions(paths, (path, message) => findings.error('PathCollision', message, { path }))
  return files
}

/** Returns the common top folder of all files with its slash, or an empty text if there is none. */
export const commonFolder = (paths: readonly string[]): string => {
  const first = paths[0] ?? ''
  const folder = first.slice(0, first.indexOf('/') + 1)
  return folder !== '' && paths.every((path) => path.startsWith(folder)) ? folder : ''
}

/**
 * Calls `report` for each path that cannot stand beside another: two that some system takes for one, or a file where
 * another needs a folder.
 */
export const checkCollisions = (paths: readonly string[], report: (path: string, message: string) => void) => {
  const pathByKey = new Map<string, string>()
  for (const path of paths) {
    const key = collisionKey(path)
    const other = pathByKey.get(key)
    if (other === undefined) pathByKey.set(key, path)
    else if (path === other) report(path, `${quote(path)} is there twice.`)
    else report(path, `${quote(path)} and ${quote(other)} are the same name on some systems.`)
  }
  for (const [key, path] of pathByKey) {
    for (let slash = key.lastIndexOf('/'); slash > 0; slash = key.lastIndexOf('/', slash - 1)) {
      const other = pathByKey.get(key.slice(0, slash))
      if (other === undefined) continue
      report(path, `${quote(other)} is a file, and ${quote(path)} needs a folder of that name.`)
      break
    }
  }
}

const normalized = (file: FileInput, findings: Findings): FileInput => {
  const path = file.path.normalize('NFC')
  if (path === file.path) return file
  findings.note('PathNormalized', `The path ${quote(path)} is written in Unicode normal form C.`, { path })
  return { ...file, path }
}

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`

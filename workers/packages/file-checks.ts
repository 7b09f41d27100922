import type { FindingReason } from '../contract/reasons.ts'
import type { FileInput } from '../contract/views.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from '../protocol/limits.ts'
import { collisionKey, findPathFault } from '../protocol/paths.ts'
import type { Findings } from './findings.ts'

/**
 * Checks the number, sizes and paths of the files of a package. Returns them sorted by path, with paths in NFC (macOS
 * provides NFD).
 */
export const checkFiles = (given: readonly FileInput[], findings: Findings): FileInput[] => {
  if (given.length === 0) findings.error('PackageEmpty', { code: 'no-files' })
  if (given.length > MAX_FILES) {
    findings.error('TooManyFiles', { code: 'too-many-files', count: given.length, limit: MAX_FILES })
  }
  const size = given.reduce((sum, file) => sum + file.bytes.length, 0)
  if (size > MAX_PACKAGE_BYTES) {
    const largest = given.reduce((a, b) => (b.bytes.length > a.bytes.length ? b : a))
    findings.error(
      'PackageTooLarge',
      {
        code: 'files-too-large',
        bytes: size,
        limit: MAX_PACKAGE_BYTES,
        largest: largest.path,
        largestBytes: largest.bytes.length,
      },
      { path: largest.path },
    )
  }
  const files = given.map((file) => normalized(file, findings))
  files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  for (const { path } of files) {
    const fault = findPathFault(path)
    if (fault !== undefined) findings.error('PathUnsafe', { code: 'path-unsafe', path, fault }, { path })
  }
  const paths = files.map((file) => file.path)
  checkCollisions(paths, (path, reason) => findings.error('PathCollision', reason, { path }))
  return files
}

/** Returns the common top folder of all files with its slash, or an empty text if there is none. */
export const commonFolder = (paths: readonly string[]): string => {
  const first = paths[0] ?? ''
  const folder = first.slice(0, first.indexOf('/') + 1)
  return folder !== '' && paths.every((path) => path.startsWith(folder)) ? folder : ''
}

export type PathCollision = Extract<FindingReason, { code: 'path-collision' }>

/**
 * Calls `report` for each path that cannot stand beside another: two that some system takes for one, or a file where
 * another needs a folder.
 */
export const checkCollisions = (paths: readonly string[], report: (path: string, reason: PathCollision) => void) => {
  const pathByKey = new Map<string, string>()
  const collide = (kind: PathCollision['kind'], path: string, other: string): void =>
    report(path, { code: 'path-collision', kind, path, other })
  for (const path of paths) {
    const key = collisionKey(path)
    const other = pathByKey.get(key)
    if (other === undefined) pathByKey.set(key, path)
    else collide(path === other ? 'twice' : 'same-name', path, other)
  }
  for (const [key, path] of pathByKey) {
    for (let slash = key.lastIndexOf('/'); slash > 0; slash = key.lastIndexOf('/', slash - 1)) {
      const other = pathByKey.get(key.slice(0, slash))
      if (other === undefined) continue
      collide('file-and-folder', path, other)
      break
    }
  }
}

const normalized = (file: FileInput, findings: Findings): FileInput => {
  const path = file.path.normalize('NFC')
  if (path === file.path) return file
  findings.note('PathNormalized', { code: 'path-normalized', path }, { path })
  return { ...file, path }
}

import { type Decoded, decoded, refused } from './decoded.ts'
import { MAX_PATH_BYTES, MAX_SEGMENT_BYTES } from './limits.ts'
import { hasUnwantedCharacters, utf8Length } from './text.ts'

/**
 * Paths of files in a package. A valid path names the same file, inside the target folder, on Linux, macOS and Windows.
 * Packages contain files only, no links.
 */

/** What is wrong with a path. */
export type PathFault =
  | 'empty'
  | 'backslash'
  | 'drive'
  | 'absolute'
  | 'hidden-character'
  | 'not-nfc'
  | 'windows-character'
  | 'empty-part'
  | 'dot-part'
  | 'trailing-dot'
  | 'reserved-name'
  | 'too-long'
  | 'part-too-long'

/** Checks one path; the value is the path itself. */
export const validatePath = (path: string): Decoded<string> => {
  const fault = findPathFault(path)
  return fault === undefined
    ? decoded(path)
    : refused('PathUnsafe', `The path “${printable(path)}” is unsafe: ${fault}.`)
}

/** What is wrong with a path; undefined for a valid one. */
export const findPathFault = (path: string): PathFault | undefined =>
  path.length > MAX_PATH_BYTES ? 'too-long' : findFault(path)

/**
 * Returns the same key for all paths that are the same file on some system: NFC, case-folded, without the characters
 * that HFS+ ignores. Folds through upper case so that ß, ſ and final sigma fold too. May merge more paths than a system
 * does, never fewer.
 */
export const collisionKey = (path: string): string =>
  lowerAscii.test(path)
    ? path
    : path.normalize('NFD').replace(ignorable, '').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC')

/** Finds two paths that cannot both be written: the same file, or a file that is also a folder of the other. */
export const findCollision = (paths: readonly string[]): { path: string; other: string } | undefined => {
  const pathByKey = new Map<string, string>()
  for (const path of paths) {
    const key = collisionKey(path)
    const other = pathByKey.get(key)
    if (other !== undefined) return { path, other }
    pathByKey.set(key, path)
  }
  const pathByFolder = new Map<string, string>()
  for (const [key, path] of pathByKey) {
    for (let slash = key.lastIndexOf('/'); slash > 0; slash = key.lastIndexOf('/', slash - 1)) {
      const folder = key.slice(0, slash)
      // Its parent folders are already in the map.
      if (pathByFolder.has(folder)) break
      pathByFolder.set(folder, path)
    }
  }
  for (const [key, other] of pathByKey) {
    const path = pathByFolder.get(key)
    if (path !== undefined) return { path, other }
  }
  return undefined
}

/** Returns whether Windows reserves this file name, or its part before the first dot, for a device. */
export const isReservedName = (name: string): boolean => reservedNames.test(name)

const findFault = (path: string): PathFault | undefined => {
  if (path === '') return 'empty'
  if (path.includes('\\')) return 'backslash'
  if (/^[a-z]:/i.test(path)) return 'drive'
  if (path.startsWith('/')) return 'absolute'
  if (!plainAscii.test(path)) {
    if (hasUnwantedCharacters(path)) return 'hidden-character'
    if (path.normalize('NFC') !== path) return 'not-nfc'
  }
  if (/[<>:"|?*]/.test(path)) return 'windows-character'
  if (/\/\/|\/$/.test(path)) return 'empty-part'
  if (/(?:^|\/)\.\.?(?:\/|$)/.test(path)) return 'dot-part'
  if (/[. ](?:\/|$)/.test(path)) return 'trailing-dot'
  if (reservedPart.test(path)) return 'reserved-name'
  if (utf8Length(path) > MAX_PATH_BYTES) return 'too-long'
  // Only a long path can have a long part.
  if (utf8Length(path) > MAX_SEGMENT_BYTES && path.split('/').some((part) => utf8Length(part) > MAX_SEGMENT_BYTES)) {
    return 'part-too-long'
  }
  return undefined
}

// https://learn.microsoft.com/windows/win32/fileio/naming-a-file (the superscript digits count as digits there).
const reserved = '(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\\$|conout\\$) *'
const reservedNames = new RegExp(`^${reserved}(?:\\.|$)`, 'i')
const reservedPart = new RegExp(`(?:^|/)${reserved}(?:[./]|$)`, 'i')

const plainAscii = /^[\x20-\x7e]*$/
const lowerAscii = /^[\x20-\x40\x5b-\x7e]*$/
const ignorable = /\p{Default_Ignorable_Code_Point}/gu

/** Sanitises and truncates a path for a message. */
const printable = (path: string): string => {
  const shown = path
    .slice(0, 120)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '�')
  return path.length > 120 ? `${shown}…` : shown
}

import { type Decoded, decoded, refused } from './decoded.ts'
import { MAX_PATH_BYTES, MAX_SEGMENT_BYTES } from './limits.ts'
import { hasUnwantedCharacters, utf8Length } from './text.ts'

/**
 * Paths of files in a package. A valid path names the same file, inside the target folder, on Linux, macOS and Windows.
 * Packages contain files only, no links.
 */

/** Checks one path; the value is the path itself. The message names what is wrong. */
export const validatePath = (path: string): Decoded<string> => {
  const reason = path.length > MAX_PATH_BYTES ? `is longer than ${MAX_PATH_BYTES} bytes` : findFault(path)
  return reason === undefined ? decoded(path) : refused('PathUnsafe', `The path “${printable(path)}” ${reason}.`)
}

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

const findFault = (path: string): string | undefined => {
  if (path === '') return 'is empty'
  if (path.includes('\\')) return 'holds a backslash'
  if (/^[a-z]:/i.test(path)) return 'begins with a drive letter'
  if (path.startsWith('/')) return 'is absolute'
  if (!plainAscii.test(path)) {
    if (hasUnwantedCharacters(path)) return 'holds a control character or an invisible one'
    if (path.normalize('NFC') !== path) return 'is not in Unicode normal form C'
  }
  if (/[<>:"|?*]/.test(path)) return 'holds one of the characters < > : " | ? * that Windows does not allow in names'
  if (/\/\/|\/$/.test(path)) return 'has an empty part'
  if (/(?:^|\/)\.\.?(?:\/|$)/.test(path)) return 'has a part “.” or “..”, which could lead out of the package'
  if (/[. ](?:\/|$)/.test(path)) return 'has a part that ends with a dot or a space'
  if (reservedPart.test(path)) return 'has a part with a name that Windows reserves'
  if (utf8Length(path) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`
  // Only a long path can have a long part.
  if (utf8Length(path) > MAX_SEGMENT_BYTES && path.split('/').some((part) => utf8Length(part) > MAX_SEGMENT_BYTES)) {
    return `has a part longer than ${MAX_SEGMENT_BYTES} bytes`
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

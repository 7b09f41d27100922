/**
 * Untrusted text that people read. A *line* is well-formed, in NFC, without surrounding space, and without characters
 * that are invisible, break the line or change its direction, so that the displayed name is the real name.
 */

/** Returns whether `text` is a line of at most `maxCharacters` code points. The empty text is a line. */
export const isLine = (text: string, maxCharacters: number): boolean =>
  text.length <= maxCharacters * 2 &&
  countCharacters(text) <= maxCharacters &&
  (plainAscii.test(text) || (!unwanted.test(text) && text.normalize('NFC') === text)) &&
  text.trim() === text

/** Turns `text` into a line: replaces unwanted characters and runs of space by one space and truncates the end. */
export const toLine = (text: string, maxCharacters: number): string => {
  // Bounds the work for hostile text. Text beyond this reaches the line only if most characters are unwanted.
  const start = text
    .slice(0, maxCharacters * 16)
    .toWellFormed()
    .normalize('NFC')
  const line = start.replace(allUnwanted, ' ').replace(/\s+/gu, ' ').trim()
  return [...line].slice(0, maxCharacters).join('').trim().normalize('NFC')
}

/** Returns whether `text` contains a character that is not allowed in names, paths and lines. */
export const hasUnwantedCharacters = (text: string): boolean => unwanted.test(text)

export const countCharacters = (text: string): number => {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    if (isHighSurrogate(text.charCodeAt(i)) && isLowSurrogate(text.charCodeAt(i + 1))) {
      count--
      i++
    }
  }
  return count
}

/** Encodes our own ASCII text, such as a signing context. Equals its UTF-8. */
export const asciiToBytes = (text: string): Uint8Array => {
  if (!/^[\0-\x7f]*$/.test(text)) throw new RangeError('This text is not ASCII.')
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** Decodes ASCII. Other bytes become the replacement character, which no id or key contains. */
export const bytesToAscii = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : '\ufffd')).join('')

/** Returns the UTF-8 length of well-formed text without encoding it (bytes). */
export const utf8Length = (text: string): number => {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // A surrogate pair takes four bytes, so each unit counts two.
    if (unit > 0x7f) length += unit > 0x7ff && !isHighSurrogate(unit) && !isLowSurrogate(unit) ? 2 : 1
  }
  return length
}

const plainAscii = /^[\x20-\x7e]*$/

// Controls, lone surrogates, line and paragraph separators, direction marks, soft hyphen, zero-width space, invisible
// operators, byte order mark, annotation marks, replacement character. Zero-width joiners are allowed: emoji and
// several scripts need them.
const unwantedClass =
  '[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Bidi_Control}\\u00ad\\u180e\\u200b\\u2060-\\u2064\\ufeff\\ufff9-\\uffff]'
const unwanted = new RegExp(unwantedClass, 'u')
const allUnwanted = new RegExp(unwantedClass, 'gu')

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/**
 * Text that strangers wrote and people read. A *line* is well-formed, in NFC, without space around it, and without
 * characters that are invisible, break the line or turn its direction (so a shown name is the name).
 */

/** Tells whether `text` is a line of at most `maxCharacters` code points. The empty text is a line. */
export const isLine = (text: string, maxCharacters: number): boolean =>
  text.length <= maxCharacters * 2 &&
  countCharacters(text) <= maxCharacters &&
  (plainAscii.test(text) || (!unwanted.test(text) && text.normalize('NFC') === text)) &&
  text.trim() === text

/** The nearest line to `text`: unwanted characters and runs of space become one space, the end is cut off. */
export const toLine = (text: string, maxCharacters: number): string => {
  // Nothing past this can reach the line, unless most of it is unwanted; bounds the work for a hostile text.
  const start = text
    .slice(0, maxCharacters * 16)
    .toWellFormed()
    .normalize('NFC')
  const line = start.replace(allUnwanted, ' ').replace(/\s+/gu, ' ').trim()
  return [...line].slice(0, maxCharacters).join('').trim().normalize('NFC')
}

/** Tells whether `text` holds a character that no name, path or line may hold. */
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

/** Bytes of an ASCII text of ours, such as a signing context; the same as its UTF-8. */
export const asciiToBytes = (text: string): Uint8Array => {
  if (!/^[\0-\x7f]*$/.test(text)) throw new RangeError('This text is not ASCII.')
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** Text of ASCII bytes. A byte that is none becomes the replacement character, which no id and no key has. */
export const bytesToAscii = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : '\ufffd')).join('')

/** Bytes of the text in UTF-8, without encoding it; well-formed text is expected. */
export const utf8Length = (text: string): number => {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Two units of a surrogate pair take four bytes, so each counts two.
    if (unit > 0x7f) length += unit > 0x7ff && !isHighSurrogate(unit) && !isLowSurrogate(unit) ? 2 : 1
  }
  return length
}

const plainAscii = /^[\x20-\x7e]*$/

// Controls, lone surrogates, line and paragraph separators, direction marks, soft hyphen, zero-width space, invisible
// operators, byte order mark, annotation marks, the replacement of a broken character. Zero-width joiners stay: emoji
// and several scripts need them.
const unwantedClass =
  '[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Bidi_Control}\\u00ad\\u180e\\u200b\\u2060-\\u2064\\ufeff\\ufff9-\\uffff]'
const unwanted = new RegExp(unwantedClass, 'u')
const allUnwanted = new RegExp(unwantedClass, 'gu')

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

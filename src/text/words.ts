import type { AnyReason, ReasonTable, ValuesOf } from '../../workers/contract/reason-values.ts'
import { formatList } from './format.ts'
import { formatCount } from './numbers.ts'

/**
 * Puts reasons into words: plain functions without React or the DOM, usable by any client. Values may come from peers
 * and files: `reasons.ts` sanitizes texts before they reach these functions, and names are quoted.
 */

/** Text for every code of a table; a code without text does not compile. `say` formats a nested reason. */
export type Words<Table extends ReasonTable> = {
  readonly [Code in keyof Table]: (values: ValuesOf<Table[Code]>, say: (reason: AnyReason) => string) => string
}

/** Makes invisible, bidirectional and line-breaking characters visible. */
export const tame = (text: string): string =>
  text.toWellFormed().replace(/[\p{Cc}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\u2060\ufeff]/gu, '�')

/** Quotes an untrusted text, truncated if too long. */
export const quote = (text: string, most = 80): string => `“${clipped(text, most)}”`

/** `: detail` without final punctuation, to append a library's detail to a sentence; empty without a detail. */
export const because = (detail: string | undefined): string => {
  const text = clipped((detail ?? '').trim()).replace(/[\s.:;,!]+$/, '')
  return text === '' ? '' : `: ${text}`
}

/** An untrusted text as a separate sentence. */
export const asSentence = (text: string, otherwise: string): string => {
  const line = clipped(text.trim())
  if (!/[\p{L}\p{N}]/u.test(line)) return otherwise
  return /[.!?…]$/u.test(line) ? line : `${line}.`
}

const clipped = (text: string, most = maxDetailCharacters): string => {
  const characters = [...text]
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : text
}

const maxDetailCharacters = 300

/** Fits a package with its publisher's name and part of its id. */
const maxItemCharacters = 160

/** `a`, `a and b`, `a, b and c`; counts `more` unlisted items. */
export const inList = (items: readonly string[], more = 0): string => {
  const shown = items.map((item) => clipped(item, maxItemCharacters))
  return formatList(more >= 1 ? [...shown, `${formatCount(Math.floor(more))} more`] : shown)
}

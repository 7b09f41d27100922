import type { AnyReason, ReasonTable, ValuesOf } from '../../workers/contract/reason-values.ts'
import { formatList } from './format.ts'
import { formatCount } from './numbers.ts'

/**
 * Functions that put reasons into words, without React or the DOM, so that any client can use them. Values may come
 * from peers and files: `reasons.ts` tames their text first, and names are quoted.
 */

/** The words of every code of a table; a code without words does not compile. `say` words a reason inside another. */
export type Words<Table extends ReasonTable> = {
  readonly [Code in keyof Table]: (values: ValuesOf<Table[Code]>, say: (reason: AnyReason) => string) => string
}

/** Replaces characters that are invisible, change text direction or break lines with a visible mark. */
export const tame = (text: string): string =>
  text.toWellFormed().replace(/[\p{Cc}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\u2060\ufeff]/gu, '�')

/** Foreign text in quotation marks, cut at `most` characters. */
export const quote = (text: string, most = 80): string => `“${clipped(text, most)}”`

/** A detail from a library as the end of a sentence: `: its text`, without closing punctuation. Empty without a detail. */
export const because = (detail: string | undefined): string => {
  const text = clipped((detail ?? '').trim()).replace(/[\s.:;,!]+$/, '')
  return text === '' ? '' : `: ${text}`
}

/** Foreign text as a sentence. */
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

/** A package with its publisher's name and part of its id fits. */
const maxItemCharacters = 160

/** `a`, `a and b`, `a, b and c`; `more` that are not listed are counted. */
export const inList = (items: readonly string[], more = 0): string => {
  const shown = items.map((item) => clipped(item, maxItemCharacters))
  return formatList(more >= 1 ? [...shown, `${formatCount(Math.floor(more))} more`] : shown)
}

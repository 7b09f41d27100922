/** Normalises text for comparison: without case, accents and punctuation. */

/** Words of a query that are used; a person types fewer, and each costs a search. */
const maxTerms = 6

/** Characters of a word that are used; each makes a fuzzy search longer. */
const maxTermCharacters = 40

export const foldText = (text: string): string =>
  (plain.test(text) ? text : text.normalize('NFKD').replace(marks, '')).toLowerCase().trim()

/** Splits a text into words, and a name like `rust-api_v2` into its parts. */
export const tokenize = (text: string): string[] => {
  const words = foldText(text).match(word) ?? []
  return words.map((each) => (each.length > maxTermCharacters ? each.slice(0, maxTermCharacters) : each))
}

export const searchTerms = (text: string): string[] => [...new Set(tokenize(text))].slice(0, maxTerms)

const plain = /^[\x20-\x7e]*$/
const marks = /\p{M}+/gu
const word = /[\p{L}\p{N}]+/gu

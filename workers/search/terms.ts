/** Texts as they are compared: without case, accents and punctuation. */

/** Words of a query that are looked at; a person types fewer, and each costs a search. */
const maxTerms = 6

/** Characters of a word that are looked at; each makes a fuzzy search longer. */
const maxTermCharacters = 40

export const foldText = (text: string): string =>
  (plain.test(text) ? text : text.normalize('NFKD').replace(marks, '')).toLowerCase().trim()

/** The words of a text. A name like `rust-api_v2` gives its parts. */
export const tokenize = (text: string): string[] => {
  const words = foldText(text).match(word) ?? []
  return words.map((each) => (each.length > maxTermCharacters ? each.slice(0, maxTermCharacters) : each))
}

export const searchTerms = (text: string): string[] => [...new Set(tokenize(text))].slice(0, maxTerms)

const plain = /^[\x20-\x7e]*$/
const marks = /\p{M}+/gu
const word = /[\p{L}\p{N}]+/gu

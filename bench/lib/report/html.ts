/** Markup that may be written as it is: made by `html`, which escapes everything else. */
export interface Html {
  readonly markup: string
}

type Part = Html | string | number | undefined | readonly Html[]

/**
 * A template for markup. Texts and numbers are escaped, for elements as well as for attributes in double quotes; lists
 * of markup are joined, and undefined is nothing.
 */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  markup: texts.map((text, at) => `${text}${toMarkup(parts[at])}`).join(''),
})

export const nothing: Html = { markup: '' }

const toMarkup = (part: Part): string => {
  if (part === undefined) return ''
  if (typeof part === 'string') return escapeText(part)
  if (typeof part === 'number') return String(part)
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('')
}

/** Control characters, which HTML does not allow, become replacement characters. */
const escapeText = (text: string): string =>
  text.replaceAll(/[&<>"']|(?![\t\n\r])\p{Cc}/gu, (character) => replacements[character] ?? '\ufffd')

const replacements: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

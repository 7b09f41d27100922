import { type TranslationFunction, transform } from '@nanostores/i18n'
import { finite, formatCount } from './numbers.ts'

/**
 * Message forms besides plain text. The English text determines the types: a call with a missing or unknown value does
 * not compile.
 *
 * These replace `params` and `count` of the library, which read `$&` in a value as a pattern, replace what looks like a
 * placeholder inside a value, and write 1204 without a separator.
 */

/** Numbers are formatted with separators, texts are inserted unchanged. */
export type Value = string | number

/** Names in braces. */
type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never

type Values<Name extends string> = Readonly<Record<Name, Value>>

type Counted<Other extends string> = [Other] extends [never]
  ? TranslationFunction<[count: number], string>
  : TranslationFunction<[count: number, values: Values<Other>], string>

/** Text with values: `params('From {source}')`. */
export const params = <const Text extends string>(
  text: Text,
): TranslationFunction<[values: Values<Names<Text>>], string> =>
  transform((_code, translation: string, values: Values<string>) => fill(translation, values))(text)

/** Text by number: `count({ one: '{count} file', other: '{count} files' })`. It may hold further values. */
export const count = <const One extends string, const Other extends string>(forms: {
  one: One
  other: Other
}): Counted<Exclude<Names<One> | Names<Other>, 'count'>> => {
  const counted = transform((code, translation: Record<string, string>, number: number, values: Values<string> = {}) =>
    fill(translation[pluralRules(code).select(finite(number))] ?? translation['other'] ?? '', {
      ...values,
      count: number,
    }),
  )
  return counted(forms) as Counted<Exclude<Names<One> | Names<Other>, 'count'>>
}

/** One text for each of a fixed set of cases: `choice({ light: 'Light', dark: 'Dark' })`. */
export const choice = <const Case extends string>(
  texts: Readonly<Record<Case, string>>,
): TranslationFunction<[which: Case], string> =>
  transform((_code, translation: Record<string, string>, which: Case) => translation[which] ?? '')(texts)

/** Replaces in a single pass, so that a value is never read as a placeholder. */
const fill = (text: string, values: Values<string>): string =>
  text.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name]
    return typeof value === 'number' ? formatCount(value) : (value ?? placeholder)
  })

const rulesByLanguage = new Map<string, Intl.PluralRules>()

const pluralRules = (language: string): Intl.PluralRules => {
  const rules = rulesByLanguage.get(language) ?? new Intl.PluralRules(language)
  rulesByLanguage.set(language, rules)
  return rules
}

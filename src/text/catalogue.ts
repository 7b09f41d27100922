import { createI18n, type Translations } from '@nanostores/i18n'
import { atom, keepMount } from 'nanostores'

/**
 * The message catalogue: holds every text that users see, in one file per page or concept.
 *
 * The English text is part of the code, so a missing key or a missing value fails the type check. Nothing in this
 * folder knows React or the DOM.
 */

export type Locale = 'en'

/** The language of the interface. */
export const locale = atom<Locale>('en')

/** `Intl` locale for each language of the interface. */
export const intlLocale: Record<Locale, string> = { en: 'en-GB' }

const define = createI18n(locale, {
  baseLocale: 'en',
  // English needs no translation. Other languages are loaded here, one page at a time.
  get: async () => ({}),
})

/**
 * Messages of one page or concept. Reading a message returns it in the current language, so read it when it is shown,
 * not when a module loads.
 */
export const messages = <English extends Translations>(name: string, english: English): Readonly<English> => {
  const store = define(name, english)
  keepMount(store)
  const current = (key: string): unknown => store.get()[key]
  const properties = Object.keys(english).map((key) => [key, { enumerable: true, get: () => current(key) }] as const)
  return Object.create(null, Object.fromEntries(properties)) as English
}

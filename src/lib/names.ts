/** Names and ids as the page writes them. */

const SHORT_PUBLISHER_CHARACTERS = 8

/** `@name~1a2b3c4d`: the publisher's own name, and enough of its id to distinguish publishers of the same name. */
export const publisherTag = (name: string, publisherId: string): string =>
  `@${name}~${publisherId.slice(0, SHORT_PUBLISHER_CHARACTERS)}`

export const publisherOf = (id: string): string => id.slice(0, Math.max(id.indexOf('/'), 0))

export const slugOf = (id: string): string => id.slice(id.indexOf('/') + 1)

/** A spec without its publisher: `<publisherId>/hello@^1` becomes `hello ^1`. */
export const specLabel = (spec: string): string => slugOf(spec).replace('@=', ' ').replace('@', ' ')

/** Long ids and fingerprints in groups of four, so that two people can compare them aloud. */
export const inGroups = (text: string): string =>
  text
    .replaceAll(' ', '')
    .match(/.{1,4}/gu)
    ?.join(' ') ?? ''

/** A long id with its middle elided, for recognition only. */
export const shortened = (text: string, keep = 10): string =>
  text.length <= keep * 2 + 1 ? text : `${text.slice(0, keep)}…${text.slice(-keep)}`

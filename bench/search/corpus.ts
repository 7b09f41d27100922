import type { SearchQuery } from '../../workers/contract/views.ts'
import type { SearchDocument } from '../../workers/search/document.ts'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'

/**
 * Synthetic packages and queries, reproducible from a seed. Words follow Zipf's law over a vocabulary of 4,000. A third
 * of the packages have a coined word in their name, like real ones, so that the index's terms grow with the catalogue.
 */
export interface Corpus {
  readonly documents: readonly SearchDocument[]
  readonly queriesByKind: Readonly<Record<QueryKind, readonly SearchQuery[]>>
}

/**
 * `typing`: words of a package cut at any letter, as a search field sends them. `typo`: a word with one mistake. `words`:
 * two to four words of one package. `browse`: no text, but a filter or an order. `unkind`: six long words with two
 * mistakes each, which no package contains together.
 */
export type QueryKind = 'typing' | 'typo' | 'words' | 'browse' | 'unkind'

const vocabularySize = 4_000
const coinedShare = 1 / 3
/** Packages per publisher. */
const packagesEach = 20
const categories = ['backend', 'frontend', 'data', 'ontology', 'testing', 'health', 'finance', 'cli', 'docs', 'infra']
const licenses = ['MIT', 'Apache-2.0', 'MIT OR Apache-2.0', 'BSD-3-Clause', 'GPL-3.0']
/** Tags are chosen among the most frequent words. */
const tagWords = 300
const queriesOfKind = 200

export const createCorpus = (size: number, seed = 1): Corpus => {
  const random = createSeededRandom(seed)
  const vocabulary = wordsOf(vocabularySize, random)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const frequent = createZipf(vocabulary, random)
  const words = (count: number): string[] => Array.from({ length: count }, frequent)
  const coined = wordsOf(Math.ceil(size * coinedShare), random)
  const publishers = Array.from({ length: Math.ceil(size / packagesEach) }, () => ({
    id: Array.from({ length: 52 }, () => base32[Math.floor(random() * 32)]).join(''),
    name: pick(vocabulary),
  }))

  const documents = Array.from({ length: size }, (_, n): SearchDocument => {
    const own = random() < coinedShare ? [coined[n % coined.length] ?? ''] : []
    const name = [...new Set([...own, ...words(2)])]
    const slug = `${name.join('-')}-${n.toString(36)}`
    const { id: publisher, name: publisherName } = pick(publishers)
    return {
      id: `${publisher}/${slug}`,
      slug,
      version: '1.0.0',
      name: name.join(' '),
      publisher,
      publisherName,
      description: words(12 + Math.floor(random() * 20)).join(' '),
      category: pick(categories),
      tags: [...new Set(Array.from({ length: 4 }, () => pick(vocabulary.slice(0, tagWords))))],
      keywords: [...new Set(words(3))],
      license: pick(licenses),
      size: 10_000,
      publishedAt: n,
    }
  })

  const wordsOfOne = (count: number): string[] => {
    const { name, description, tags } = pick(documents)
    const all = [...name.split(' '), ...tags, ...description.split(' ')]
    return Array.from({ length: count }, () => pick(all))
  }
  const spoilt = (word: string): string => {
    const at = 1 + Math.floor(random() * (word.length - 1))
    return `${word.slice(0, at)}${letters[Math.floor(random() * 26)]}${word.slice(at + 1)}`
  }
  const long = vocabulary.filter((word) => word.length > 7)
  const texts: Record<Exclude<QueryKind, 'browse'>, () => string> = {
    typing() {
      const text = wordsOfOne(1 + Math.floor(random() * 3)).join(' ')
      return text.slice(0, 1 + Math.floor(random() * text.length))
    },
    typo: () => spoilt(wordsOfOne(1)[0] ?? ''),
    words: () => wordsOfOne(2 + Math.floor(random() * 3)).join(' '),
    unkind: () => Array.from({ length: 6 }, () => spoilt(spoilt(pick(long)))).join(' '),
  }
  const browse = (): SearchQuery =>
    pick<SearchQuery>([
      {},
      { sort: 'name', offset: Math.floor(random() * size) },
      { category: pick(categories) },
      { tag: pick(vocabulary.slice(0, tagWords)), license: pick(licenses) },
    ])
  const queries = (create: () => SearchQuery): SearchQuery[] => Array.from({ length: queriesOfKind }, create)
  return {
    documents,
    queriesByKind: {
      typing: queries(() => ({ text: texts.typing() })),
      typo: queries(() => ({ text: texts.typo() })),
      words: queries(() => ({ text: texts.words() })),
      browse: queries(browse),
      unkind: queries(() => ({ text: texts.unkind() })),
    },
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyz'
const base32 = 'abcdefghijklmnopqrstuvwxyz234567'
const starts = 'b c d f g h k l m n p r s t v w br cr dr fl gr pl pr sc st tr'.split(' ')
const vowels = 'a e i o u ai ea io ou'.split(' ')
const ends = [...['', '', 'l', 'm', 'n', 'r', 's', 't', 'ct', 'nd', 'nt', 'st']]

/** Creates distinct words of two to four syllables; frequent words are as long as rare ones. */
const wordsOf = (count: number, random: () => number): string[] => {
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? ''
  const words = new Set<string>()
  while (words.size < count) {
    const syllables = Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(starts) + pick(vowels))
    words.add(syllables.join('') + pick(ends))
  }
  return [...words]
}

/** Draws words by Zipf's law with exponent 1: the n-th word has the weight 1/n. */
const createZipf = (words: readonly string[], random: () => number): (() => string) => {
  const sums: number[] = []
  let sum = 0
  for (let rank = 1; rank <= words.length; rank++) {
    sum += 1 / rank
    sums.push(sum)
  }
  return () => {
    const wanted = random() * sum
    let [low, high] = [0, sums.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return words[low] ?? ''
  }
}

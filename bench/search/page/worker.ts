import { expose } from 'comlink'
import { createSearch, type Search } from '../../../workers/search/index.ts'
import { type Corpus, createCorpus, type QueryKind } from '../corpus.ts'

/** The engine's search in a worker. */
let search: Search | undefined
let corpus: Corpus | undefined

const commands = {
  /** Indexes `size` documents; returns the duration of each put (ms). */
  fill(size: number): number[] {
    corpus = createCorpus(size)
    search = createSearch({ now: () => performance.now() })
    const samples: number[] = []
    for (const document of corpus.documents) {
      const before = performance.now()
      search.put(document)
      samples.push(performance.now() - before)
    }
    return samples
  },
  /** Runs all queries of one kind; returns the duration of each (ms). */
  ask(kind: QueryKind): number[] {
    const samples: number[] = []
    for (const query of corpus?.queriesByKind[kind] ?? []) {
      const before = performance.now()
      search?.query(query)
      samples.push(performance.now() - before)
    }
    return samples
  },
}

export type SearchBenchCommands = typeof commands

expose(commands)

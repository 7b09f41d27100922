import { expect, test } from 'vitest'
import { untraced } from '../telemetry/operation.ts'
import { type AskPeersForPackagesDependencies, createAskPeersForPackages } from './ask-peers-for-packages.ts'
import type { NetworkConcerns } from './network-concerns.ts'

const publisher = 'a'.repeat(52)

const compose = ({ complete = false, started = Promise.resolve(true) } = {}) => {
  const queries: string[] = []
  const query: NetworkConcerns['query'] = {
    async search({ text }) {
      queries.push(`search ${text}`)
      throw new Error('Nobody answered.')
    },
    async describe({ slug }) {
      queries.push(`describe ${slug}`)
      return { asked: 1, answered: 1 }
    },
  }
  const ask = createAskPeersForPackages({
    catalogue: {
      get: (id: string) => (id === `${publisher}/here` ? {} : undefined),
      bySlug: (slug: string) => (slug === 'here' ? [{}] : []),
    } as unknown as AskPeersForPackagesDependencies['catalogue'],
    network: { started, query, sync: { isComplete: () => complete } },
  })
  return { ask, queries }
}

test('missing packages are searched by name or described by id', async () => {
  const { ask, queries } = compose()
  await ask(['here', 'gone@^1', '@who/away', `${publisher}/here`, `${publisher}/there`, '!no spec!'], untraced())
  expect(queries).toEqual(['search gone', 'search away', 'describe there'])
})

test('with a complete catalogue no peer is queried', async () => {
  const { ask, queries } = compose({ complete: true })
  await ask(['gone'], untraced())
  expect(queries).toEqual([])
})

test('known packages do not wait for the network, and the wait for unknown ones can be cancelled', async () => {
  const { ask } = compose({ started: new Promise(() => {}) })
  await ask(['here'], untraced())
  await expect(ask(['gone'], untraced(AbortSignal.abort(new Error('enough'))))).rejects.toThrow('enough')
})

import { expect, test } from 'vitest'
import { untraced } from '../telemetry/operation.ts'
import { type AskPeersForPackagesDependencies, createAskPeersForPackages } from './ask-peers-for-packages.ts'

type Online = Awaited<AskPeersForPackagesDependencies['network']>

const publisher = 'a'.repeat(52)

const compose = ({ complete = false, network }: { complete?: boolean; network?: Promise<Online> } = {}) => {
  const asked: string[] = []
  const online = {
    status: () => ({ catalogueComplete: complete }),
    async searchPeers({ text }: { text: string }) {
      asked.push(`search ${text}`)
      throw new Error('Nobody answered.')
    },
    async describeAtPeers({ slug }: { slug: string }) {
      asked.push(`describe ${slug}`)
      return { asked: 1, answered: 1 }
    },
  } as unknown as Online
  const ask = createAskPeersForPackages({
    catalogue: {
      get: (id: string) => (id === `${publisher}/here` ? {} : undefined),
      bySlug: (slug: string) => (slug === 'here' ? [{}] : []),
    } as unknown as AskPeersForPackagesDependencies['catalogue'],
    network: network ?? Promise.resolve(online),
  })
  return { ask, asked }
}

test('what the catalogue lacks is searched by name, or asked for by its id', async () => {
  const { ask, asked } = compose()
  await ask(['here', 'gone@^1', '@who/away', `${publisher}/here`, `${publisher}/there`, '!no spec!'], untraced())
  expect(asked).toEqual(['search gone', 'search away', 'describe there'])
})

test('a complete catalogue knows what there is', async () => {
  const { ask, asked } = compose({ complete: true })
  await ask(['gone'], untraced())
  expect(asked).toEqual([])
})

test('what is known waits for no network, and what is not, only until it is cancelled', async () => {
  const { ask } = compose({ network: new Promise(() => {}) })
  await ask(['here'], untraced())
  await expect(ask(['gone'], untraced(AbortSignal.abort(new Error('enough'))))).rejects.toThrow('enough')
})

test('without a network there is nobody to ask', async () => {
  const { ask, asked } = compose({ network: Promise.resolve(undefined) })
  await ask(['gone'], untraced())
  expect(asked).toEqual([])
})

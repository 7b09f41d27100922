import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection, PeerId } from '@libp2p/interface'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gossipsubInternals } from '../testing/gossipsub-internals.ts'
import { openStreamsAtOnce, watchSubscribers } from './gossip-streams.ts'

const topic = 'news'

/** A gossipsub whose streams open on demand. */
const compose = () => {
  const streamsOutbound = new Map<string, unknown>()
  const subscribers = new Set<string>()
  const opening: { peer: string; connection: string; end: PromiseWithResolvers<boolean> }[] = []
  const pubsub = Object.assign(new EventTarget(), {
    ...gossipsubInternals(),
    streamsOutbound,
    getSubscribers: () => [...subscribers],
    async createOutboundStream(peer: PeerId, connection: Connection) {
      const end = Promise.withResolvers<boolean>()
      opening.push({ peer: peer.toString(), connection: connection.id, end })
      if (await end.promise) streamsOutbound.set(peer.toString(), {})
    },
  })
  const stock = pubsub.createOutboundStream
  openStreamsAtOnce(pubsub as unknown as GossipSub)
  expect(pubsub.createOutboundStream).not.toBe(stock)
  const found: string[] = []
  watchSubscribers(pubsub as unknown as GossipSub, topic, (peer) => found.push(peer))
  return {
    opening,
    found,
    /** Like gossipsub's queue: one after the other, each awaited. */
    connect: (peer: string, connection = 'c') =>
      pubsub.createOutboundStream(peer as unknown as PeerId, { id: connection } as Connection),
    subscribe(peer: string) {
      subscribers.add(peer)
      pubsub.dispatchEvent(
        new CustomEvent('subscription-change', {
          detail: { peerId: peer, subscriptions: [{ topic, subscribe: true }] },
        }),
      )
    },
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('an unresponsive peer does not delay streams to others', async () => {
  const { opening, connect } = compose()
  await connect('silent')
  await connect('other')
  expect(opening.map(({ peer }) => peer)).toEqual(['silent', 'other'])
})

test('opens one stream over two connections, the second only if the first fails', async () => {
  for (const opens of [true, false]) {
    const { opening, connect } = compose()
    await connect('peer', 'first')
    await connect('peer', 'second')
    expect(opening.map(({ connection }) => connection)).toEqual(['first'])
    opening[0]?.end.resolve(opens)
    await settled()
    expect(opening.map(({ connection }) => connection)).toEqual(opens ? ['first'] : ['first', 'second'])
  }
})

test('reports a subscriber once, when it is both subscribed and writable', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(['a', 'b', 'c', 'A', 'B', 'C'], { minLength: 6 }), async (events) => {
      const { opening, found, connect, subscribe } = compose()
      for (const peer of ['a', 'b', 'c']) await connect(peer)
      const done = new Set<string>()
      for (const event of events) {
        done.add(event)
        if (event === event.toLowerCase()) subscribe(event)
        else opening.find(({ peer }) => peer === event.toLowerCase())?.end.resolve(true)
        await settled()
        const both = ['a', 'b', 'c'].filter((peer) => done.has(peer) && done.has(peer.toUpperCase()))
        expect(found.toSorted()).toEqual(both)
      }
    }),
  )
})

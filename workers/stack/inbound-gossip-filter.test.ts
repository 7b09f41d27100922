import type { GossipSub } from '@libp2p/gossipsub'
import { expect, test } from 'vitest'
import { gossipsubInternals } from '../testing/gossipsub-internals.ts'
import { bounded, filterInboundGossip } from './inbound-gossip-filter.ts'
import { gossipFrameBytes } from './limits.ts'

async function* frames(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield n
}

const collect = async (source: AsyncIterable<number>): Promise<number[]> => {
  const taken: number[] = []
  for await (const frame of source) taken.push(frame)
  return taken
}

test('admitted frames pass in order', async () => {
  const all = Array.from({ length: 10_000 }, (_, n) => n)
  expect(await collect(bounded(frames(10_000), () => true))).toEqual(all)
})

test('the first frame over the limit ends the stream', async () => {
  let asked = 0
  const admit = (): boolean => {
    asked += 1
    return asked <= 2_000
  }
  await expect(collect(bounded(frames(1_000_000), admit))).rejects.toThrow('more gossip than any honest one')
  expect(asked).toBe(2_001)
})

test('yields to the event loop while reading', async () => {
  let turns = 0
  const other = setInterval(() => {
    turns += 1
  }, 0)
  await collect(bounded(frames(2000), () => true))
  clearInterval(other)
  expect(turns).toBeGreaterThan(1)
})

/** The part of a stream that the filter uses. */
class FakeStream extends EventTarget {
  readStatus: 'readable' | 'paused' = 'readable'
  readonly log: string[] = []

  isPaused(): boolean {
    return this.readStatus === 'paused'
  }

  pause(): void {
    this.readStatus = 'paused'
    this.log.push('pause')
  }

  resume(): void {
    this.readStatus = 'readable'
    this.log.push('resume')
  }

  receive(byteLength: number): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: { byteLength } }))
  }
}

test('pauses a stream with more than a few unread frames and resumes it once they are read', async () => {
  const frameBytes = 100_000
  const unread: { byteLength: number }[] = []
  let wake = (): void => {}
  const gate = Promise.withResolvers<void>()
  const fake = {
    ...gossipsubInternals(),
    createInboundStream(peer: string) {
      const source = async function* () {
        for (;;) {
          const frame = unread.shift()
          if (frame !== undefined) yield frame
          else {
            const more = Promise.withResolvers<void>()
            wake = more.resolve
            await more.promise
          }
        }
      }
      void this.pipePeerReadStream(peer, source())
    },
    async pipePeerReadStream(_peer: string, frames: AsyncIterable<unknown>) {
      // Validating the first one takes long.
      for await (const _ of frames) await gate.promise
    },
  }
  const limits = { admitFrame: () => true, admitMessage: () => 'take' as const }
  filterInboundGossip(fake as unknown as GossipSub, { limits })
  const stream = new FakeStream()
  fake.createInboundStream.call(fake, ...(['peer', stream] as unknown as [string]))
  const prefixBytes = 3
  let sent = 0
  while (!stream.isPaused()) {
    if (sent > 100 * gossipFrameBytes) throw new Error('The stream never pauses.')
    unread.push({ byteLength: frameBytes })
    stream.receive(frameBytes + prefixBytes)
    sent += frameBytes
    wake()
    await Promise.resolve()
  }
  expect(sent).toBeLessThan(3 * gossipFrameBytes)
  gate.resolve()
  while (stream.isPaused()) await new Promise((resolve) => setTimeout(resolve, 0))
  expect(stream.log).toEqual(['pause', 'resume'])
})

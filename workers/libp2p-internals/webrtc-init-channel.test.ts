import { describe, expect, it } from 'vitest'
import { repeatInitEvents } from './webrtc-init-channel.ts'

class Channel extends EventTarget {
  readyState = 'connecting'
  to(state: string, event: string): void {
    this.readyState = state
    this.dispatchEvent(new Event(event))
  }
}

const makeClass = () =>
  class {
    createDataChannel(_label: string, _options?: unknown): Channel {
      return new Channel()
    }
  }

const next = (channel: Channel, type: string): Promise<unknown> =>
  new Promise((resolve) => channel.addEventListener(type, resolve, { once: true }))

/** Waits on the channel as the transport does after adding all candidates. */
const dial = async (channel: Channel): Promise<void> => {
  if (channel.readyState !== 'open') await next(channel, 'open')
  await next(channel, 'close')
}

describe('repeatInitEvents', () => {
  it('repeats open and close for a listener added after both', async () => {
    const Connection = makeClass()
    repeatInitEvents(Connection)
    const channel = new Connection().createDataChannel('init')
    channel.to('open', 'open')
    channel.to('closed', 'close')
    await dial(channel)
  })

  it('reports an error instead of open for a channel that closed before it opened', async () => {
    const Connection = makeClass()
    repeatInitEvents(Connection)
    const channel = new Connection().createDataChannel('init')
    channel.to('closed', 'close')
    const failed = next(channel, 'error')
    const opened = next(channel, 'open').then(() => 'open')
    expect(await Promise.race([opened, failed.then(() => 'error')])).toBe('error')
  })

  it('delivers each event once in the usual order', async () => {
    const Connection = makeClass()
    repeatInitEvents(Connection)
    repeatInitEvents(Connection)
    const channel = new Connection().createDataChannel('init')
    const events: string[] = []
    for (const type of ['open', 'close']) channel.addEventListener(type, () => events.push(type))
    const dialled = dial(channel)
    channel.to('open', 'open')
    await Promise.resolve()
    channel.to('closed', 'close')
    await dialled
    expect(events).toEqual(['open', 'close'])
  })

  it('does not touch other channels', async () => {
    const Connection = makeClass()
    repeatInitEvents(Connection)
    const channel = new Connection().createDataChannel('')
    channel.to('closed', 'close')
    let isRepeated = false
    channel.addEventListener('close', () => {
      isRepeated = true
    })
    await new Promise((resolve) => setTimeout(resolve))
    expect(isRepeated).toBe(false)
  })
})

import type { BrowserContext, Page } from '@playwright/test'
import { makePackage } from '../../e2e/fixtures/packages.ts'
import type { Peer } from '../../e2e/fixtures/peer.ts'
import { type Prepare, withStage } from '../lib/browsers.ts'
import type { Figure } from '../lib/measurement.ts'

const installs = Number(process.env['RELAYED_INSTALLS'] ?? 10)
const watchMinutes = Number(process.env['RELAYED_MINUTES'] ?? 3)
const packageBytes = 300_000

/** Restricts WebRTC to a proxy that does not exist, so that no direct connection is possible. */
const udpBlocked = ['--force-webrtc-ip-handling-policy', '--webrtc-ip-handling-policy=disable_non_proxied_udp']

/** Installs between real tabs without a direct path over a real relay, and the cost of searching for a direct path. */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  log(`${installs} tabs open, one after the other, and install 300 KB at once: UDP blocked in each browser`)
  yield* withStage<Figure>(async function* ({ openElsewhere }) {
    const blocked = { flags: udpBlocked, prepare: countConnections }
    const publisher = await openElsewhere(blocked)
    const fresh: number[] = []
    const settled: number[] = []
    for (let n = 0; n < installs; n += 1) {
      const reader = await openElsewhere(blocked)
      const ids = [await publish(publisher, `fresh-${n}`), await publish(publisher, `settled-${n}`)]
      await untilFound(reader, `fresh-${n}`)
      await untilFound(reader, `settled-${n}`)
      fresh.push((await reader.install([ids[0] ?? ''])).tookMs)
      settled.push((await reader.install([ids[1] ?? ''])).tookMs)
      if (n < installs - 1) await reader.page.context().browser()?.close()
    }
    yield { ...figure('install with UDP blocked, 300 KB over the relay, tab just opened', fresh), ...must }
    yield { ...figure('the next install there', settled), ...must }

    log(`${watchMinutes} minutes of two tabs that cannot connect to each other directly`)
    const before = await made(publisher.page)
    const perMinute: number[] = []
    for (let minute = 0, last = before; minute < watchMinutes; minute += 1) {
      await new Promise((resolve) => setTimeout(resolve, 60_000))
      const now = await made(publisher.page)
      perMinute.push(now - last)
      last = now
    }
    yield {
      scenario: 'peer connections made in a minute where none connects',
      unit: 'n',
      samples: perMinute,
      target: 3,
    }
  })

  log(`${installs} installs of 300 KB each way between a tab with WebRTC and one without`)
  yield* withStage<Figure>(async function* ({ open, openElsewhere }) {
    const without = await openElsewhere({ prepare: removeWebRtc })
    const [from, to]: number[][] = [[], []]
    for (let n = 0; n < installs; n += 1) {
      const tab = await open()
      const theirs = await publish(without, `without-${n}`)
      const ours = await publish(tab, `with-${n}`)
      await untilFound(tab, `without-${n}`)
      await untilFound(without, `with-${n}`)
      from?.push((await tab.install([theirs])).tookMs)
      to?.push((await without.install([ours])).tookMs)
      await tab.context.close()
    }
    yield { ...figure('install of 300 KB from a publisher without WebRTC', from ?? []), ...must }
    yield { ...figure('install of 300 KB by a tab without WebRTC', to ?? []), ...must }
  })
}

const figure = (scenario: string, samples: number[]): Pick<Figure, 'scenario' | 'unit' | 'samples'> => ({
  scenario,
  samples,
  unit: 'ms',
})
const must = { target: 12_000, targetAt: 'p95' } as const

const publish = async (peer: Peer, slug: string): Promise<string> => {
  const bytes = Buffer.alloc(packageBytes)
  // Different bytes for each package, so that no piece is stored already.
  for (let at = 0, state = slug.length + Number(slug.split('-')[1]); at + 4 <= packageBytes; at += 4) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    bytes.writeInt32LE(state | 0, at)
  }
  const { files } = makePackage(slug, '1.0.0', [{ path: 'data.bin', base64: bytes.toString('base64') }])
  return (await peer.publish(files)).id
}

const untilFound = async (peer: Peer, slug: string): Promise<void> => {
  while (!(await peer.search({ text: slug })).hits.some((hit) => hit.slug === slug))
    await new Promise((resolve) => setTimeout(resolve, 50))
}

const removeWebRtc: Prepare = (context) =>
  context.addInitScript(() => void Reflect.deleteProperty(globalThis, 'RTCPeerConnection'))

const countConnections = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => {
    Object.assign(globalThis, { connectionsMade: 0 })
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration)
        Object.assign(globalThis, { connectionsMade: Reflect.get(globalThis, 'connectionsMade') + 1 })
      }
    }
  })

const made = (page: Page): Promise<number> => page.evaluate(() => Reflect.get(globalThis, 'connectionsMade'))

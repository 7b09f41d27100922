import { makePackage, type PlainFile } from '../../e2e/fixtures/packages.ts'
import { withStage } from '../lib/browsers.ts'
import { type Figure, percentile } from '../lib/measurement.ts'
import { measureRawChannel } from '../lib/raw-channel.ts'

const opens = 20
const publications = 20
const installs = 20
const transfers = 20
const bulkBytes = 50_000_000

/** Joining, publishing, installing and bulk transfer between real tabs over a real relay. */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withStage<Figure>(async function* ({ open, openElsewhere }) {
    const publisher = await openElsewhere()

    log(`${opens} tabs open, one after the other, with one peer there`)
    const connected: number[] = []
    const dialled: number[] = []
    for (let n = 0; n < opens; n++) {
      const tab = await open()
      const times = await tab.page.evaluate(
        () =>
          new Promise<{ connected: number; direct: number }>((resolve) => {
            let connected = 0
            const check = async (): Promise<void> => {
              const { steps, directConnections } = await window.ggen.status()
              if (connected === 0 && steps.reservation.state === 'ok') connected = performance.now()
              if (connected > 0 && directConnections > 0) resolve({ connected, direct: performance.now() })
            }
            window.ggen.subscribe(() => void check())
            void check()
          }),
      )
      connected.push(times.connected)
      dialled.push(times.direct - times.connected)
      await tab.context.close()
    }
    yield {
      scenario: 'page open to connected (relay, reserved)',
      unit: 'ms',
      samples: connected,
      target: 2000,
      targetAt: 'p95',
    }
    yield { scenario: 'reserved to first direct peer', unit: 'ms', samples: dialled }

    const reader = await openElsewhere()
    await until(async () => (await reader.status()).directConnections > 0)

    const durable: number[] = []
    const visible: number[] = []
    const ids: string[] = []
    for (let n = 0; n < publications; n++) {
      const { files } = makePackage(`bench-${n}`, '1.0.0', [randomFile('templates/a.tmpl', 8_000, n)])
      const seen = reader.page.evaluate(
        (count) =>
          new Promise<number>((resolve) => {
            const check = async (): Promise<void> => {
              if ((await window.ggen.search({ limit: 1 })).total >= count)
                resolve(performance.timeOrigin + performance.now())
            }
            window.ggen.subscribe((batch) => {
              if (batch.some(({ kind }) => kind === 'catalogue')) void check()
            })
            void check()
          }),
        n + 1,
      )
      const started = await publisher.page.evaluate(() => performance.timeOrigin + performance.now())
      const { id } = await publisher.publish(files)
      durable.push((await publisher.page.evaluate(() => performance.timeOrigin + performance.now())) - started)
      visible.push((await seen) - started)
      ids.push(id)
    }
    yield { scenario: 'publish: durable here', unit: 'ms', samples: durable, target: 200, targetAt: 'p95' }
    yield {
      scenario: 'publish to visible in another browser',
      unit: 'ms',
      samples: visible,
      target: 1000,
      targetAt: 'p95',
    }

    const small: number[] = []
    for (const id of ids.slice(0, installs)) small.push((await reader.install([id])).tookMs)
    yield { scenario: 'install of a small package (8 KB)', unit: 'ms', samples: small, target: 2000, targetAt: 'p95' }

    log(`${transfers} transfers of 50 MB, alternating with a raw data channel between the same two browsers`)
    const ours: number[] = []
    const raw: number[] = []
    for (let n = 0; n < transfers; n++) {
      const { files } = makePackage(`bulk-${n}`, '1.0.0', [randomFile('data/bulk.bin', bulkBytes, 100 + n)])
      const { id } = await publisher.publish(files)
      await until(async () => (await reader.search({ text: `bulk-${n}` })).hits.some((hit) => hit.id === id))
      const measureRaw = async (): Promise<void> => {
        raw.push(await measureRawChannel(publisher.page, reader.page, bulkBytes))
      }
      const measureOurs = async (): Promise<void> => {
        const { bytes, tookMs } = await reader.install([id])
        ours.push(bytes / 1e6 / (tookMs / 1000))
      }
      // The second measurement pays for the garbage of the first, so the order alternates.
      for (const measure of n % 2 === 0 ? [measureRaw, measureOurs] : [measureOurs, measureRaw]) await measure()
    }
    const against = {
      name: 'a raw data channel',
      unit: 'MB/s',
      p50: percentile(raw, 0.5),
      p95: percentile(raw, 0.95),
      p99: percentile(raw, 0.99),
      samples: raw,
    }
    yield { scenario: 'bulk transfer, 50 MB, installed and verified', unit: 'MB/s', samples: ours, against }
    yield {
      scenario: 'bulk transfer as a share of the raw channel',
      unit: 'x',
      samples: ours.map((speed, n) => speed / (raw[n] ?? Number.NaN)),
      target: 0.7,
      higherIsBetter: true,
    }
  })
}

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Creates a file of incompressible bytes, reproducible from a seed. */
const randomFile = (path: string, bytes: number, seed: number): PlainFile => {
  const content = Buffer.alloc(bytes)
  let state = seed + 1
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    content.writeInt32LE(state | 0, at)
  }
  return { path, base64: content.toString('base64') }
}

import { makePackage, type PlainFile, textFile } from './fixtures/packages.ts'
import { engineUp } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

/** Creates a file of incompressible bytes, so that an install takes long enough to interrupt. */
const bigFile = (path: string, bytes: number): PlainFile => {
  const content = Buffer.alloc(bytes)
  let state = 1
  for (let at = 0; at < bytes; at += 4) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    content.writeInt32LE(state | 0, at)
  }
  return { path, base64: content.toString('base64') }
}

test('a tab finishes an install after a reload', async ({ join }) => {
  const [a, b] = [await join(), await join()]
  const { files } = makePackage('big-ontology', '1.0.0', [bigFile('ontology/big.ttl', 32 * 1024 * 1024)])
  const { id } = await a.publish(files)
  await expect.poll(async () => (await b.search({})).total).toBe(1)

  const halfWay = b.page.evaluate(
    (id) =>
      new Promise<void>((resolve) => {
        window.ggen.subscribe((batch) => {
          for (const update of batch) {
            if (update.kind === 'transfer' && update.transfer.bytes > 4 * 1024 * 1024) resolve()
          }
        })
        window.ggen.install([id]).catch(() => {})
      }),
    id,
  )
  await halfWay
  expect(await b.library()).toEqual([])
  await b.page.reload()
  await engineUp(b.page)
  await expect.poll(async () => (await b.library()).map(({ slug }) => slug)).toEqual(['big-ontology'])
  for (const { path, base64 } of files) expect((await b.readFile(id, '1.0.0', path)) === base64).toBe(true)
  // Pieces received before the reload are not fetched again.
  const { piece_bytes_received: again = Number.NaN } = await b.page.evaluate(() => window.ggen.metrics())
  expect(again).toBeLessThan(30 * 1024 * 1024)
})

test('a package survives a crash right after publish has resolved', async ({ join, relay }) => {
  const a = await join()
  const { files } = makePackage('kept', '1.0.0', [textFile('a.txt', 'kept\n')])
  const { id } = await a.publish(files)
  const crashed = a.page.waitForEvent('crash')
  a.page.goto('chrome://crash').catch(() => {})
  await crashed
  await a.page.close()

  const page = await a.context.newPage()
  await page.goto(relay.page)
  await engineUp(page)
  const { peerOf } = await import('./fixtures/peer.ts')
  const again = peerOf(page)
  expect((await again.search({})).hits.map((hit) => hit.id)).toEqual([id])
  expect(await again.readFile(id, '1.0.0', 'a.txt')).toBe(files[1]?.base64)
})

test('peers notice the crash of a tab', async ({ join }) => {
  const [a, b] = [await join(), await join()]
  await expect.poll(async () => (await b.status()).directConnections).toBe(1)
  const crashed = a.page.waitForEvent('crash')
  a.page.goto('chrome://crash').catch(() => {})
  await crashed
  // A crashed tab closes no connections: an unanswered ping or ICE detects it within 15 s.
  await expect.poll(async () => (await b.status()).directConnections).toBe(0)
})

import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from '@playwright/test'
import { chromiumFlags, ensureChromium } from '../scripts/chromium.ts'
import { readPackages } from './fixtures/packages.ts'
import { openPeer, type Peer } from './fixtures/peer.ts'
import { startRelay } from './fixtures/relay.ts'

/**
 * Takes the picture of the README (`docs/network.png`) from the built page: two browsers side by side at one moment, one
 * that has just published 20 packages, and one whose charts show how it found and installed them. Everything in it is
 * measured; two more browsers take part.
 */
const file = fileURLToPath(new URL('../docs/network.png', import.meta.url))

/** Size of each window (CSS pixels), and pixels in the picture for each. */
const size = { width: 700, height: 860 }
const scale = 1.5

const published = 20

/** Time before the first package, between two, and after the last (ms): the charts show a minute. */
const quietMs = 20_000
const betweenMs = 1_200
const restMs = 4_000

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const open = async (browser: Browser, address: string): Promise<Peer> =>
  openPeer(await browser.newContext({ viewport: size, deviceScaleFactor: scale, colorScheme: 'light' }), address)

/** Looks packages up as soon as they are published, and installs each that is there. */
const installAll = (peer: Peer, ids: readonly string[]): Promise<void> =>
  peer.page.evaluate(
    async ({ ids, everyMs, limitMs }) => {
      const { ggen } = window
      const waiting = new Set(ids)
      const end = performance.now() + limitMs
      while (waiting.size > 0 && performance.now() < end) {
        for (const id of waiting) {
          const { found } = await ggen.lookup(id)
          if (!found) continue
          await ggen.install([id], { allowMissing: true })
          waiting.delete(id)
        }
        await new Promise((resolve) => setTimeout(resolve, everyMs))
      }
      if (waiting.size > 0) throw new Error(`Not found in time: ${[...waiting].join(', ')}`)
    },
    { ids: [...ids], everyMs: 700, limitMs: 90_000 },
  )

const screenshots = async (browser: Browser, address: string): Promise<[left: Buffer, right: Buffer]> => {
  const [alice, bob, carol, dave] = [
    await open(browser, address),
    await open(browser, address),
    await open(browser, address),
    await open(browser, address),
  ]
  await bob.page.getByRole('link', { name: 'Network' }).first().click()
  await bob.page.getByRole('radio', { name: '1 min' }).check()
  await bob.page.locator('.charts').evaluate((charts) => {
    const header = document.querySelector('header')?.getBoundingClientRect().height ?? 0
    scrollTo({ top: charts.getBoundingClientRect().top + scrollY - header - 16 })
  })

  const [first, ...others] = readPackages()
    .filter(({ folder, files }) => slugOf(files) === folder)
    .slice(0, published)
  if (first === undefined) throw new Error('There are no packages.')
  await pause(quietMs)
  const { id } = await alice.publish(first.files)
  const [publisher = ''] = id.split('/')
  const slugs = others.map(({ files }) => slugOf(files))
  const ids = [id, ...slugs.map((slug) => `${publisher}/${slug}`)]
  const installed = Promise.all([bob, carol, dave].map((peer) => installAll(peer, ids)))
  const publishOthers = async (): Promise<void> => {
    for (const { files } of others) {
      await pause(betweenMs)
      await alice.publish(files)
    }
  }
  await Promise.all([publishOthers(), installed])
  await pause(restMs)
  return Promise.all([alice.page.screenshot(), bob.page.screenshot()])
}

const slugOf = (files: readonly { path: string; base64: string }[]): string => {
  const manifest = files.find(({ path }) => path === 'package.toml')
  const [, name = ''] = /^name\s*=\s*"([^"]+)"/m.exec(Buffer.from(manifest?.base64 ?? '', 'base64').toString()) ?? []
  return name
}

/** Puts both windows side by side. */
const compose = async (browser: Browser, shots: readonly Buffer[]): Promise<Buffer> => {
  const page = await browser.newPage({
    viewport: { width: size.width * 2 + 72, height: size.height + 48 },
    deviceScaleFactor: scale,
  })
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot.toString('base64')}">`)
  await page.setContent(`<style>
    body { margin: 0; padding: 24px; display: flex; gap: 24px; background: #dfe3e6 }
    img { width: ${size.width}px; height: ${size.height}px; border-radius: 10px; box-shadow: 0 0 0 1px #0002, 0 6px 24px #0003 }
  </style>${images.join('')}`)
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete))
  return page.screenshot()
}

const relay = await startRelay()
const browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumFlags })
try {
  const picture = await compose(browser, await screenshots(browser, relay.page))
  await writeFile(file, picture)
  console.log(`${file}: ${Math.round(picture.length / 1_000)} kB`)
} finally {
  await browser.close()
  await relay.stop()
}

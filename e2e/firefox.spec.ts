import { firefoxPath, openFirefox } from './fixtures/firefox.ts'
import { makePackage, textFile } from './fixtures/packages.ts'
import { expect, test } from './fixtures/test.ts'

test('Chromium and Firefox install packages from each other', async ({ join, relay }) => {
  test.skip(firefoxPath === undefined, 'No Firefox is installed (Debian: apt-get install firefox-esr).')
  const chromium = await join()
  const firefox = await openFirefox(firefoxPath ?? '')
  try {
    const page = await firefox.newPage()
    await page.goto(`${relay.page}/`)
    await expect.poll(() => page.evaluate(() => 'ggen' in window)).toBe(true)
    await page.evaluate(() => window.ggen.ready)

    const { files } = makePackage('from-chromium', '1.0.0', [textFile('templates/a.tmpl', 'to the fox: ü\n')])
    const { id } = await chromium.publish(files)
    await expect.poll(() => page.evaluate(async () => (await window.ggen.search({})).total)).toBe(1)
    const installed = await page.evaluate(async (id) => {
      await window.ggen.install([id])
      return new TextDecoder().decode(await window.ggen.readFile(id, '1.0.0', 'templates/a.tmpl'))
    }, id)
    expect(installed).toBe('to the fox: ü\n')

    const back = await page.evaluate(async () => {
      const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
      const { id } = await window.ggen.publish([
        { path: 'package.toml', bytes: bytes('[package]\nname = "from-firefox"\nversion = "2.0.0"\n') },
        { path: 'a.txt', bytes: bytes('to chromium') },
      ])
      return id
    })
    await expect.poll(async () => (await chromium.search({})).total).toBe(2)
    await chromium.install([back])
    const received = Buffer.from(await chromium.readFile(back, '2.0.0', 'a.txt'), 'base64').toString()
    expect(received).toBe('to chromium')
    expect((await chromium.status()).directConnections).toBeGreaterThan(0)
  } finally {
    await firefox.close()
  }
})

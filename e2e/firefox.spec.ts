import { existsSync } from 'node:fs'
import puppeteer from 'puppeteer-core'
import { makePackage, textFile } from './fixtures/packages.ts'
import { expect, test } from './fixtures/test.ts'

const firefoxPath = ['/usr/bin/firefox-esr', '/usr/bin/firefox', process.env['FIREFOX_PATH'] ?? ''].find(existsSync)

test('a package goes from Chromium to Firefox and one from Firefox to Chromium', async ({ join, relay }) => {
  test.skip(
    firefoxPath === undefined,
    'No Firefox is installed (Debian: apt-get install firefox-esr), so this was not tried.',
  )
  const chromium = await join()
  const firefox = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxPath ?? '',
    headless: true,
    // Real host candidates: two browsers on one machine without multicast DNS cannot resolve each other's names.
    extraPrefsFirefox: {
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'media.peerconnection.ice.loopback': true,
    },
  })
  try {
    const page = await firefox.newPage()
    await page.goto(`${relay.page}/`)
    await page.waitForFunction('window.ggen !== undefined')
    await page.evaluate('window.ggen.ready')

    const there = makePackage('from-chromium', '1.0.0', [textFile('templates/a.tmpl', 'to the fox: ü\n')])
    const { id } = await chromium.publish(there.files)
    await page.waitForFunction('window.ggen.search({}).then(({ total }) => total === 1)', {
      timeout: 20_000,
      polling: 200,
    })
    const installed = await page.evaluate(
      `window.ggen.install([${JSON.stringify(id)}])
        .then(() => window.ggen.readFile(${JSON.stringify(id)}, '1.0.0', 'templates/a.tmpl'))
        .then((bytes) => new TextDecoder().decode(bytes))`,
    )
    expect(installed).toBe('to the fox: ü\n')

    const back = await page.evaluate(
      `window.ggen.publish([
        { path: 'package.toml', bytes: new TextEncoder().encode('[package]\\nname = "from-firefox"\\nversion = "2.0.0"\\n') },
        { path: 'a.txt', bytes: new TextEncoder().encode('to chromium') },
      ]).then(({ id }) => id)`,
    )
    await expect.poll(async () => (await chromium.search({})).total).toBe(2)
    await chromium.install([String(back)])
    expect(Buffer.from(await chromium.readFile(String(back), '2.0.0', 'a.txt'), 'base64').toString()).toBe(
      'to chromium',
    )
    expect((await chromium.status()).directConnections).toBeGreaterThan(0)
  } finally {
    await firefox.close()
  }
})

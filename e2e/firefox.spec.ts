import { firefoxPath, openFirefox } from './fixtures/firefox.ts'
import { makePackage, textFile } from './fixtures/packages.ts'
import { expect, test } from './fixtures/test.ts'

test('a package goes from Chromium to Firefox and one from Firefox to Chromium', async ({ join, relay }) => {
  test.skip(firefoxPath === undefined, 'No Firefox is installed (Debian: apt-get install firefox-esr): not tried.')
  const chromium = await join()
  const firefox = await openFirefox(firefoxPath ?? '')
  try {
    await firefox.goto(`${relay.page}/`)
    await expect.poll(() => firefox.evaluate('"ggen" in window')).toBe(true)
    await firefox.evaluate('window.ggen.ready')

    const { files } = makePackage('from-chromium', '1.0.0', [textFile('templates/a.tmpl', 'to the fox: ü\n')])
    const { id } = await chromium.publish(files)
    await expect.poll(() => firefox.evaluate('window.ggen.search({}).then(({ total }) => total)')).toBe(1)
    const installed = await firefox.evaluate(
      `window.ggen.install([${JSON.stringify(id)}])
        .then(() => window.ggen.readFile(${JSON.stringify(id)}, '1.0.0', 'templates/a.tmpl'))
        .then((bytes) => new TextDecoder().decode(bytes))`,
    )
    expect(installed).toBe('to the fox: ü\n')

    const back = await firefox.evaluate(
      `window.ggen.publish([
        { path: 'package.toml', bytes: new TextEncoder().encode('[package]\\nname = "from-firefox"\\nversion = "2.0.0"\\n') },
        { path: 'a.txt', bytes: new TextEncoder().encode('to chromium') },
      ]).then(({ id }) => id)`,
    )
    await expect.poll(async () => (await chromium.search({})).total).toBe(2)
    await chromium.install([String(back)])
    const received = Buffer.from(await chromium.readFile(String(back), '2.0.0', 'a.txt'), 'base64').toString()
    expect(received).toBe('to chromium')
    expect((await chromium.status()).directConnections).toBeGreaterThan(0)
  } finally {
    await firefox.close()
  }
})

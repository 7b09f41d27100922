import { writeArchive } from '../workers/packages/write-archive.ts'
import { makePackage, textFile } from './fixtures/packages.ts'
import { expect, test } from './fixtures/test.ts'

test('removing a published package names its dependents first, and others can still install it', async ({ join }) => {
  const a = await join()
  const base = await a.publish(makePackage('base', '1.0.0', [textFile('a.txt', 'base\n')]).files)
  const web = await a.publish(makePackage('web', '1.0.0', [], '[dependencies]\nbase = "^1.0.0"\n').files)
  await a.install([web.id])
  await a.page.goto(new URL('/library', a.page.url()).href)
  await a.page.getByRole('button', { name: 'Remove base 1.0.0' }).click()
  const dialog = a.page.getByRole('dialog')
  await expect(dialog.getByRole('listitem')).toHaveText('web 1.0.0')
  await expect(dialog).toContainText('its files stay in this browser')
  await dialog.getByRole('button', { name: 'Remove anyway' }).click()
  await expect(a.page.getByRole('list', { name: 'Installed packages' }).getByRole('listitem')).toHaveCount(1)

  const b = await join()
  await expect.poll(async () => (await b.search({})).total).toBe(2)
  await b.install([base.id])
  expect(await b.readFile(base.id, '1.0.0', 'a.txt')).toBe(Buffer.from('base\n').toString('base64'))
})

test('a zip with version control and secrets publishes only confirmed files', async ({ join }) => {
  const a = await join('publish')
  const { files } = makePackage('kit', '1.0.0', [
    textFile('README.md', '# Kit\n'),
    textFile('.git/config', 'url = https://user:EXAMPLE-TOKEN@git.example/x.git\n'),
    textFile('node_modules/left/index.js', 'x'),
    textFile('.env', 'SECRET=1\n'),
    textFile('certs/test.pem', 'for tests\n'),
  ])
  const zip = await writeArchive(
    files.map(({ path, base64 }) => ({ path: `kit/${path}`, bytes: new Uint8Array(Buffer.from(base64, 'base64')) })),
  )
  await a.page
    .getByLabel('Package zip archive')
    .setInputFiles({ name: 'kit.zip', mimeType: 'application/zip', buffer: Buffer.from(zip) })
  const leftOut = a.page.getByRole('region', { name: 'Left out' })
  await expect(leftOut).toContainText('.git')
  await expect(leftOut).toContainText('node_modules')
  const publish = a.page.getByRole('button', { name: 'Publish', exact: true })
  await expect(publish).toBeDisabled()
  await a.page.getByRole('button', { name: 'Leave out .env' }).click()
  await a.page.getByRole('button', { name: 'Publish anyway: certs/test.pem' }).click()
  await expect(a.page.getByRole('region', { name: 'Private files' })).toHaveCount(0)
  await expect(leftOut).toContainText('.env')
  await publish.click()
  await expect(a.page.getByRole('heading', { name: 'kit 1.0.0 is published' })).toBeVisible()
  const [hit] = (await a.search({})).hits
  const view = await a.page.evaluate((id) => window.ggen.describe(id), hit?.id ?? '')
  expect(view.files?.map(({ path }) => path)).toEqual(['README.md', 'certs/test.pem', 'package.toml'])
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { writeArchive } from '../workers/packages/write-archive.ts'
import { makePackage, textFile } from './fixtures/packages.ts'
import { expect, test } from './fixtures/test.ts'

const toml = (slug: string, more = ''): string =>
  `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "A ${slug} for tests"\nlicense = "MIT"\n${more}`

test('people choose, check, publish, find, install and download a package through the pages', async ({ join }) => {
  const [a, b] = [await join(), await join()]
  const folder = await mkdtemp(joinPath(tmpdir(), 'ggen-folder-'))
  try {
    await writeFile(joinPath(folder, 'package.toml'), toml('paper-kit', 'tags = ["latex"]\n'))
    await writeFile(joinPath(folder, 'README.md'), '# Paper kit\n\nWrites *papers*. <script>window.harm = 1</script>\n')

    await a.page.getByRole('link', { name: 'Publish' }).first().click()
    await a.page.getByLabel('Package folder').setInputFiles(folder)
    await expect(a.page.getByRole('region', { name: 'Files' })).toContainText('README.md')
    await a.page.getByRole('button', { name: 'Publish', exact: true }).click()
    await expect(a.page.getByRole('heading', { name: 'paper-kit 1.0.0 is published' })).toBeVisible()
  } finally {
    await rm(folder, { recursive: true })
  }

  await b.page
    .getByRole('searchbox', { name: 'Search packages' })
    .or(b.page.getByLabel('Search packages'))
    .first()
    .fill('papr')
  await b.page.getByRole('link', { name: 'paper-kit' }).first().click()
  await expect(b.page.getByRole('heading', { level: 1, name: 'paper-kit' })).toBeVisible()
  // The README comes from the publisher's tab before the install, and without its script.
  await expect(b.page.getByRole('heading', { name: 'Paper kit' })).toBeVisible()
  expect(await b.page.evaluate(() => 'harm' in window)).toBe(false)

  await b.page
    .getByRole('button', { name: /^Install/ })
    .first()
    .click()
  const dialog = b.page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Install', exact: true }).click()
  await expect(dialog.getByText('Every file is verified')).toBeVisible()
  await dialog.getByRole('link', { name: 'Open library' }).click()

  await expect(b.page.getByRole('list', { name: 'Installed packages' })).toContainText('paper-kit')
  const download = b.page.waitForEvent('download')
  await b.page.getByRole('button', { name: /Download zip of/ }).click()
  const path = await (await download).path()
  const archive = await b.page.evaluate(
    async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      return (await window.ggen.readArchive(bytes)).files.map(({ path }) => path)
    },
    (await import('node:fs')).readFileSync(path).toString('base64'),
  )
  expect(archive).toEqual(['README.md', 'package.toml'])
})

test('a manifest that does not parse is reported with its line, and the form can still publish', async ({ join }) => {
  const a = await join('publish')
  const encode = (text: string) => new TextEncoder().encode(text)
  const zip = await writeArchive([
    { path: 'broken/package.toml', bytes: encode('[package]\nname = "mended"\nversion = "1.0.0"\ntags = [oops\n') },
    { path: 'broken/a.tmpl', bytes: encode('{{ a }}') },
  ])
  await a.page
    .getByLabel('Package zip archive')
    .setInputFiles({ name: 'broken.zip', mimeType: 'application/zip', buffer: Buffer.from(zip) })
  const findings = a.page.getByRole('region', { name: 'Findings' })
  await expect(findings).toContainText('package.toml')
  await expect(findings).toContainText('4')
  await expect(a.page.getByRole('button', { name: 'Publish', exact: true })).toBeDisabled()

  // The form holds the fields before the error.
  await expect(a.page.getByLabel('Version')).toHaveValue('1.0.0')
  await a.page.getByLabel('Version').fill('1.0.1')
  await a.page.getByLabel('Name', { exact: true }).fill('mended')
  await a.page.getByRole('button', { name: 'Publish', exact: true }).click()
  await expect(a.page.getByRole('heading', { name: 'mended 1.0.1 is published' })).toBeVisible()
})

test('all controls can be reached by keyboard', async ({ join }) => {
  const a = await join()
  await a.publish(makePackage('by-keyboard', '1.0.0', [textFile('README.md', '# Keys\n')]).files)
  await expect(a.page.getByText('by-keyboard').first()).toBeVisible()
  await a.page.keyboard.press('/')
  await expect(a.page.getByLabel('Search packages')).toBeFocused()
  await a.page.keyboard.type('keyboard')
  await expect(a.page.getByText('1 package found')).toBeVisible()
  const reach = async (name: RegExp | string): Promise<void> => {
    const target = a.page.getByRole('link', { name }).or(a.page.getByRole('button', { name })).first()
    await expect(target).toBeVisible()
    for (let presses = 0; presses < 40; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return
      await a.page.keyboard.press('Tab')
    }
    throw new Error(`Tab does not reach ${name}`)
  }
  await reach('by-keyboard')
  await a.page.keyboard.press('Enter')
  await expect(a.page.getByRole('heading', { level: 1, name: 'by-keyboard' })).toBeVisible()
  await reach(/^Install/)
  await a.page.keyboard.press('Enter')
  await expect(a.page.getByRole('dialog')).toBeVisible()
  await reach('Install')
  await a.page.keyboard.press('Escape')
  await expect(a.page.getByRole('dialog')).toBeHidden()
})

test('a second tab of a profile works through the first, and on its own once that is closed', async ({
  join,
  relay,
}) => {
  const a = await join('publish')
  await a.publish(makePackage('shared-by-tabs', '1.0.0', [textFile('README.md', '# Shared\n')]).files)
  const second = await a.context.newPage()
  await second.goto(`${relay.page}/`)
  await expect(second.getByText('shared-by-tabs').first()).toBeVisible()
  await a.page.close()
  await second.getByLabel('Search packages').fill('shared')
  await expect(second.getByText('1 package found')).toBeVisible()
  await second.reload()
  await expect(second.getByText('shared-by-tabs').first()).toBeVisible()
})

test('a draft survives the tab whose engine held it', async ({ join, relay }) => {
  const a = await join()
  const second = await a.context.newPage()
  await second.goto(`${relay.page}/publish`)
  const zip = await writeArchive([
    { path: 'package.toml', bytes: new TextEncoder().encode(toml('kept-draft')) },
    { path: 'extra.txt', bytes: new TextEncoder().encode('extra') },
  ])
  await second
    .getByLabel('Package zip archive')
    .setInputFiles({ name: 'kept.zip', mimeType: 'application/zip', buffer: Buffer.from(zip) })
  const publish = second.getByRole('button', { name: 'Publish', exact: true })
  await expect(publish).toBeEnabled()
  await a.page.close()
  await second.getByLabel('Version').fill('bad')
  await expect(second.getByRole('region', { name: 'Findings' })).toContainText('bad')
  await expect(publish).toBeDisabled()
  await second.getByLabel('Version').fill('1.2.0')
  await expect(publish).toBeEnabled()
  await publish.click()
  await expect(second.getByRole('heading', { name: 'kept-draft 1.2.0 is published' })).toBeVisible()
})

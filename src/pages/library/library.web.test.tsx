import { expect, onTestFinished, test, vi } from 'vitest'
import { transferSentence } from '../../store/selectors.ts'
import { entry, holding, longEntry, uninstalls } from '../../testing/fixtures/library.ts'
import { idOf } from '../../testing/fixtures/packages.ts'
import { damage, engineError, failureOf, failureText } from '../../testing/fixtures/reasons.ts'
import { byId, transfers } from '../../testing/fixtures/transfers.ts'
import { expectModal, expectTabOrder } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { dialog, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { controlText } from '../../text/controls.ts'
import { libraryText } from '../../text/library.ts'
import { noticeText } from '../../text/notices.ts'
import { transferText } from '../../text/transfers.ts'

const kit = { library: holding(entry('kit'), entry('core', { asDependency: true })) }
const name = 'kit 1.2.0'
const verify = { before: 'kit', press: [libraryText.verifyOf({ name })] }
const remove = { before: 'kit', press: [libraryText.removeOf({ name })] }

testViewStates([
  { name: 'loading', address: '/library', shows: libraryText.loading },
  { name: 'empty', address: '/library', state: { library: holding() }, shows: libraryText.emptyTitle },
  {
    name: 'not readable',
    address: '/library',
    state: { library: { busy: false, failure: failureOf('StorageUnavailable') } },
    shows: failureText('StorageUnavailable'),
  },
  { name: 'items', address: '/library', state: kit, shows: libraryText.dependency },
  {
    name: 'texts of the greatest length',
    address: '/library',
    state: { library: holding(longEntry()) },
    shows: 'W'.repeat(100),
  },
  ...Object.entries(transfers)
    .filter(([, { state }]) => state !== 'done' && state !== 'cancelled')
    .map(([key, transfer]) => ({
      name: `an install: ${key}`,
      address: '/library',
      state: { ...kit, transferById: byId(transfer) },
      shows: transferSentence(transfer),
    })),
  {
    name: 'several installs',
    address: '/library',
    state: { library: holding(), transferById: byId(...Object.values(transfers)) },
    shows: transferText.state('verifying'),
  },
  { name: 'being verified', address: '/library', state: kit, act: verify, shows: libraryText.verifying },
  {
    name: 'verified',
    address: '/library',
    state: kit,
    answers: { verify: async () => damage() },
    act: verify,
    shows: libraryText.verified,
  },
  {
    name: 'damaged',
    address: '/library',
    state: kit,
    answers: { verify: async () => damage('README.md', 'p'.repeat(200)) },
    act: verify,
    shows: libraryText.damaged(2),
  },
  {
    name: 'not verified',
    address: '/library',
    state: kit,
    answers: { verify: async () => Promise.reject(engineError('NotInstalled')) },
    act: verify,
    shows: failureText('NotInstalled'),
  },
  {
    name: 'removal',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.plain },
    act: remove,
    shows: libraryText.consequence('deleted'),
  },
  {
    name: 'removal of what others need',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.breaking },
    act: remove,
    shows: libraryText.breaks(2),
  },
  {
    name: 'removal of what a package of the longest name needs',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.long },
    act: remove,
    shows: libraryText.breaks(1),
  },
  {
    name: 'removal of shared files',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.shared },
    act: remove,
    shows: libraryText.consequence('installed'),
  },
  {
    name: 'removal of what is in use',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.held },
    act: remove,
    shows: libraryText.consequence('held'),
  },
])

/** Downloads that a test causes: noted by name instead of saved. */
const catchDownloads = (): { name: string; size: Promise<number> }[] => {
  const downloads: { name: string; size: Promise<number> }[] = []
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    downloads.push({ name: this.download, size: fetch(this.href).then(async (file) => (await file.blob()).size) })
  })
  return downloads
}

const id = idOf('kit')

test('a package is downloaded as a zip archive of its name', async () => {
  const downloads = catchDownloads()
  const exportZip = vi.fn(async () => new Uint8Array(7))
  await openState({ address: '/library', state: kit, answers: { exportZip }, shows: libraryText.dependency })
  await press(libraryText.downloadZipOf({ name }))
  await until('it is downloaded', () => downloads.length === 1)
  expect(exportZip.mock.calls).toEqual([[id, '1.2.0']])
  expect(downloads[0]?.name).toBe('kit-1.2.0.zip')
  expect(await downloads[0]?.size).toBe(7)
})

test('a zip archive that cannot be made is reported', async () => {
  const exportZip = async () => Promise.reject(engineError('NotInstalled'))
  await openState({ address: '/library', state: kit, answers: { exportZip }, shows: libraryText.dependency })
  await press(libraryText.downloadZipOf({ name }))
  await untilShown(failureText('NotInstalled'))
})

test('a package is saved as files below a folder of its name', async () => {
  const root = await navigator.storage.getDirectory()
  onTestFinished(() => root.removeEntry('kit', { recursive: true }))
  vi.spyOn(window, 'showDirectoryPicker').mockResolvedValue(root)
  const readFile = vi.fn(async (_id: string, _version: string, path: string) => new TextEncoder().encode(path))
  await openState({ address: '/library', state: kit, answers: { readFile }, shows: libraryText.dependency })
  await press(libraryText.saveFolderOf({ name }))
  await untilShown(noticeText.saved({ name, path: `${root.name}/kit` }))
  expect(readFile.mock.calls).toEqual([
    [id, '1.2.0', 'README.md'],
    [id, '1.2.0', 'templates/main.tera'],
  ])
  const folder = await (await root.getDirectoryHandle('kit')).getDirectoryHandle('templates')
  const file = await (await folder.getFileHandle('main.tera')).getFile()
  expect(await file.text()).toBe('templates/main.tera')
})

test('damaged files are downloaded again, by the exact version', async () => {
  const install = vi.fn(() => new Promise<never>(() => {}))
  const check = vi.fn(async () => damage('README.md'))
  await openState({
    address: '/library',
    state: kit,
    answers: { verify: check, install },
    act: verify,
    shows: libraryText.damaged(1),
  })
  await press(libraryText.downloadAgain)
  expect(check.mock.calls).toEqual([[id, '1.2.0']])
  expect(install.mock.calls).toEqual([[[`${id}@=1.2.0`], { transferId: expect.any(String) }]])
  await untilShown(transferText.state('resolving'))
})

test.each([
  ['nothing needs', 'plain', libraryText.remove, false],
  ['others need', 'breaking', libraryText.removeAnyway, true],
] as const)('a package that %s is removed after a question', async (_what, plan, confirm, force) => {
  const uninstall = vi.fn(async () => {})
  const planUninstall = vi.fn(async () => uninstalls[plan])
  const library = async () => [entry('core')]
  const page = await openState({
    address: '/library',
    state: kit,
    answers: { planUninstall, uninstall, library },
    act: remove,
    shows: libraryText.removeTitle({ name }),
  })
  expect(uninstall).not.toHaveBeenCalled()
  await press(confirm)
  await untilShown(noticeText.removed({ name }))
  expect(planUninstall.mock.calls).toEqual([[id, '1.2.0']])
  expect(uninstall.mock.calls).toEqual([[id, '1.2.0', { force }]])
  await until('it is gone', () => page.element.querySelectorAll('.library-item').length === 1)
  await until('the keyboard starts at the page', () => document.activeElement?.tagName === 'MAIN')
})

test('a removal that is not confirmed removes nothing, and the focus returns', async () => {
  const uninstall = vi.fn(async () => {})
  const answers = { planUninstall: async () => uninstalls.breaking, uninstall }
  await openState({ address: '/library', state: kit, answers, act: remove, shows: libraryText.breaks(2) })
  await expectModal(libraryText.removeOf({ name }))
  expect(uninstall).not.toHaveBeenCalled()
})

test('a removal that cannot be planned is reported', async () => {
  const planUninstall = async () => Promise.reject(engineError('NotInstalled'))
  await openState({
    address: '/library',
    state: kit,
    answers: { planUninstall },
    act: remove,
    shows: failureText('NotInstalled'),
  })
  expect(dialog()).toBeNull()
})

test('a running install is cancelled by its id', async () => {
  const cancel = vi.fn(async () => {})
  const state = { ...kit, transferById: byId(transfers.fetching) }
  await openState({ address: '/library', state, answers: { cancel }, shows: transferText.fetchingFrom(3) })
  await press(controlText.cancel)
  expect(cancel.mock.calls).toEqual([['fetching']])
})

test('a failed install is tried again, or dismissed', async () => {
  const install = vi.fn(() => new Promise<never>(() => {}))
  const state = { ...kit, transferById: byId(transfers.failed) }
  const page = await openState({
    address: '/library',
    state,
    answers: { install },
    shows: transferText.state('failed'),
  })
  await press(controlText.tryAgain)
  expect(install.mock.calls).toEqual([[transfers.failed.specs, { transferId: expect.any(String) }]])
  await until('it is replaced', () => !document.body.innerText.includes(transferText.state('failed')))
  page.setState({ transferById: byId(transfers.partly) })
  await untilShown(transferText.stopped)
  await press(controlText.dismiss)
  await until('it is gone', () => page.element.querySelector('.transfers') === null)
})

test('the keyboard reaches every control in order', async () => {
  const state = { ...kit, transferById: byId(transfers.failed) }
  await openState({ address: '/library', state, shows: libraryText.dependency })
  await expectTabOrder()
})

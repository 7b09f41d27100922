import { expect, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import type { DraftChange, DraftOptions, FileInput } from '../../../workers/contract/views.ts'
import { check, drafts, openDraft, outgoing, publication, publishResult } from '../../testing/fixtures/drafts.ts'
import { engineError, failureOf, failureText } from '../../testing/fixtures/reasons.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import { expectTabOrder } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { field, findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { publishText } from '../../text/publish.ts'

const { direct: status, offline } = statuses
const { published } = drafts

testViewStates([
  { name: 'choose', address: '/publish', shows: publishText.drop },
  {
    name: 'choose, while others are announced',
    address: '/publish',
    state: {
      status,
      publicationByKey: outgoing(publication(), publication({ version: '1.1.0', state: 'sending', announcedTo: 3 })),
    },
    shows: publishText.outgoing,
  },
  {
    name: 'reading',
    address: '/publish',
    state: { draft: drafts.reading },
    shows: publishText.reading({ source: 'kit.zip' }),
  },
  {
    name: 'refused',
    address: '/publish',
    state: { draft: drafts.refused },
    shows: publishText.notRead({ source: 'kit.zip' }),
  },
  {
    name: 'checking for the first time',
    address: '/publish',
    state: { draft: drafts.checking },
    shows: publishText.checking(4),
  },
  {
    name: 'a check that failed',
    address: '/publish',
    state: { draft: openDraft({ check: undefined, failure: failureOf('Timeout') }) },
    shows: failureText('Timeout'),
  },
  {
    name: 'a draft without problems, before the engine has a status',
    address: '/publish',
    state: { draft: drafts.ok },
    shows: publishText.thisProfile,
  },
  ...(['ok', 'errors', 'warnings', 'privateFiles', 'leftOut', 'rechecking', 'publishing', 'long'] as const).map(
    (name) => ({
      name: `a draft: ${name}`,
      address: '/publish',
      state: { draft: drafts[name], status },
      shows: publishText.toSign,
    }),
  ),
  {
    name: 'publishing failed',
    address: '/publish',
    state: { draft: openDraft({ failure: failureOf('StorageUnavailable') }), status },
    shows: publishText.publishFailed,
  },
  {
    name: 'published, not known to be sent',
    address: '/publish',
    state: { draft: published, status },
    shows: publishText.announcing,
  },
  {
    name: 'published: stored, offline',
    address: '/publish',
    state: { draft: published, status: offline, publicationByKey: outgoing(publication()) },
    shows: publishText.waiting,
  },
  {
    name: 'published: sending',
    address: '/publish',
    state: { draft: published, status, publicationByKey: outgoing(publication({ state: 'sending', announcedTo: 3 })) },
    shows: publishText.announced(3),
  },
  {
    name: 'published: sent',
    address: '/publish',
    state: {
      draft: published,
      status,
      publicationByKey: outgoing(publication({ state: 'sent', announcedTo: 3, acknowledgements: 5 })),
    },
    shows: publishText.recordStored(5),
  },
])

const address = '/publish'

/** Puts files into one of the two inputs, as their pickers would. */
const choose = (label: string, ...files: File[]): void => {
  const input = document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)
  if (input === null) throw new Error(`The input ${label} is missing.`)
  const transfer = new DataTransfer()
  for (const file of files) transfer.items.add(file)
  input.files = transfer.files
  input.dispatchEvent(new Event('change', { bubbles: true }))
}

const dropOn = (element: Element | null, ...files: File[]): void => {
  const dataTransfer = new DataTransfer()
  for (const file of files) dataTransfer.items.add(file)
  element?.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
}

/** An engine whose drafts pass the check, and what it was asked for. */
const drafting = (found = check()) => ({
  openDraft: vi.fn(async (_files: FileInput[], _options?: DraftOptions) => ({ id: 'draft', check: found })),
  changeDraft: vi.fn(async (_id: string, _change: DraftChange) => found),
  publishDraft: vi.fn(async (_id: string, _options?: object) => publishResult),
  closeDraft: vi.fn(async () => {}),
})

test('chosen files are handed over once, and checked', async () => {
  const engine = drafting()
  await openState({ address, state: { status }, answers: engine, shows: publishText.drop })
  choose(publishText.folderInput, new File(['a'], 'package.toml'))
  await untilShown(publishText.final)
  expect(engine.openDraft.mock.calls).toEqual([
    [[{ path: 'package.toml', bytes: new Uint8Array([97]) }], { leftOut: [], confirmedPrivate: [] }],
  ])
  expect(engine.publishDraft.mock.calls).toEqual([['draft', { dryRun: true }]])
})

test.each([
  ['chosen', (file: File) => choose(publishText.zipInput, file)],
  ['dropped', (file: File) => dropOn(document.querySelector('.drop'), file)],
])('an archive that is %s is read by the engine', async (_how, give) => {
  const engine = drafting()
  const readArchive = vi.fn(async (_archive: Uint8Array) => ({
    files: [{ path: 'package.toml', bytes: new Uint8Array(1) }],
    leftOut: [],
  }))
  await openState({ address, state: { status }, answers: { ...engine, readArchive }, shows: publishText.drop })
  give(new File(['zip'], 'kit.zip'))
  await untilShown(publishText.final)
  expect(readArchive.mock.calls).toEqual([[new TextEncoder().encode('zip')]])
  expect(engine.openDraft.mock.calls[0]?.[1]).toMatchObject({ folder: 'kit' })
})

test('an archive that cannot be read is refused with the reason, and another can be chosen', async () => {
  const readArchive = async () => Promise.reject(engineError('ArchiveUnreadable'))
  await openState({ address, answers: { readArchive }, shows: publishText.drop })
  choose(publishText.zipInput, new File(['zip'], 'kit.zip'))
  await untilShown(failureText('ArchiveUnreadable'))
  await press(publishText.chooseOther)
  await untilShown(publishText.drop)
})

test('a file that is not a zip archive is not read', async () => {
  const readArchive = vi.fn()
  await openState({ address, answers: { readArchive }, shows: publishText.drop })
  choose(publishText.zipInput, new File(['text'], 'notes.txt'))
  await untilShown(publishText.notZip({ name: 'notes.txt' }))
  expect(readArchive).not.toHaveBeenCalled()
})

test('fields are checked as they are typed, lists by their items', async () => {
  const engine = drafting()
  await openState({ address, state: { status, draft: drafts.ok }, answers: engine, shows: publishText.final })
  await userEvent.fill(field(publishText.displayName), 'Other kit')
  await userEvent.fill(field(publishText.tags), 'rust, , http,rust,')
  expect(field(publishText.tags).value).toBe('rust, , http,rust,')
  await until('they are checked', () => findControl(publishText.publish, 'button')?.matches(':enabled') ?? false)
  const fields = { displayName: 'Other kit', tags: ['rust', 'http'] }
  const last = engine.changeDraft.mock.lastCall ?? engine.openDraft.mock.lastCall
  expect(last?.[1]?.fields).toEqual(fields)
  expect(engine.openDraft.mock.calls).toHaveLength(1)
})

test('private files block publishing until each is left out or confirmed', async () => {
  const engine = drafting()
  const state = { status, draft: drafts.privateFiles }
  await openState({ address, state, answers: engine, shows: publishText.decideFirst(2) })
  expect(findControl(publishText.publish, 'button')?.matches(':disabled')).toBe(true)
  await press(publishText.leaveOutFile({ path: '.env' }))
  await press(publishText.publishFileAnyway({ path: 'keys/server.pem' }))
  await untilShown(publishText.final)
  const [files, options] = engine.openDraft.mock.calls[0] ?? []
  expect(files?.map(({ path }) => path)).not.toContain('.env')
  const last = engine.changeDraft.mock.lastCall?.[1] ?? options
  expect(last).toMatchObject({ confirmedPrivate: ['keys/server.pem'] })
})

test('publishing signs what was checked, and shows what came of it', async () => {
  const engine = drafting()
  const page = await openState({
    address,
    state: { status, draft: drafts.ok },
    answers: engine,
    shows: publishText.final,
  })
  await press(publishText.publish, 'button')
  await untilShown(publishText.publishedTitle({ slug: 'kit', version: '1.2.0' }))
  expect(engine.publishDraft.mock.calls).toEqual([['draft']])
  page.tell([{ kind: 'publication', publication: publication({ state: 'sent', announcedTo: 2, acknowledgements: 1 }) }])
  await untilShown(publishText.recordStored(1))
  expect(findControl(publishText.viewPackage)?.getAttribute('href')).toBe(`/package/${publishResult.id}`)
  await press(publishText.publishAnother)
  await untilShown(publishText.drop)
})

test('a publication that fails leaves the draft as it is', async () => {
  const publishDraft = vi.fn(async () => Promise.reject(engineError('StorageUnavailable')))
  const state = { status, draft: drafts.ok }
  await openState({ address, state, answers: { ...drafting(), publishDraft }, shows: publishText.final })
  await press(publishText.publish, 'button')
  await untilShown(failureText('StorageUnavailable'))
  expect(field(publishText.displayName).value).toBe('Service kit')
  expect(findControl(publishText.publish, 'button')?.matches(':enabled')).toBe(true)
})

test('a draft with an error and a private file names both as what blocks it', async () => {
  await openState({
    address,
    state: { status, draft: drafts.privateFileAndError },
    shows: 'Fix 1 error and decide about 1 private file first. Nothing is signed yet.',
  })
})

test('an error stands at its field, which is marked as wrong', async () => {
  await openState({ address, state: { status, draft: drafts.errors }, shows: publishText.fixFirst(2) })
  const version = field(publishText.version)
  expect(version.getAttribute('aria-invalid')).toBe('true')
  const note = document.getElementById(version.getAttribute('aria-describedby') ?? '')
  expect(note?.textContent).toContain('“one” is not a version.')
  expect(field(publishText.displayName).getAttribute('aria-invalid')).toBeNull()
})

test.each([
  ['before anything is chosen', undefined, publishText.drop],
  ['of a draft', drafts.privateFiles, publishText.toSign],
])('the keyboard reaches every control in order %s', async (_when, draft, shows) => {
  await openState({ address, state: { status, draft }, shows })
  await expectTabOrder()
})

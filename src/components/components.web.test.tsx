import { expect, onTestFinished, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import type { LibraryEntry } from '../../workers/contract/views.ts'
import { entry, holding } from '../testing/fixtures/library.ts'
import { packageView } from '../testing/fixtures/packages.ts'
import { notice, restarted, restartedText } from '../testing/fixtures/reasons.ts'
import { nothing } from '../testing/fixtures/search.ts'
import { statuses } from '../testing/fixtures/status.ts'
import { until } from '../testing/shown-page.tsx'
import { findControl, openState, press, testViewStates, untilShown } from '../testing/view-states.ts'
import { controlText } from '../text/controls.ts'
import { drawingFailureText } from '../text/drawing-failures.ts'
import { libraryText } from '../text/library.ts'
import { networkText } from '../text/network.ts'
import { packageText } from '../text/package.ts'
import { shellText } from '../text/shell.ts'

/** The frame of every page, over the page that says least. */
const address = '/library'
const library = holding()

const under = (status: keyof typeof statuses, shows: string) => ({
  name: `status: ${status}`,
  address,
  state: { library, status: statuses[status] },
  shows,
})

const notices = [
  notice('info', 'For your information.'),
  notice('success', 'It worked.'),
  notice('warning', 'Look at this.'),
  notice('error', `It failed because of ${'W'.repeat(200)}`),
]

testViewStates([
  { name: 'status: none yet', address, state: { library }, shows: networkText.starting },
  under('starting', networkText.connecting),
  under('offline', networkText.offline),
  under('alone', networkText.alone),
  under('connecting', networkText.connectingToPeers),
  under('relayed', networkText.noDirectPeers),
  under('direct', networkText.connectedTo(3)),
  under('memoryOnly', shellText.memoryOnlyTitle),
  under('clockAhead', shellText.clockAhead),
  under('clockBehind', shellText.clockBehind),
  { name: 'notices of each level', address, state: { library, notices }, shows: 'It worked.' },
  {
    name: 'the worker was restarted',
    address,
    state: { library },
    act: { before: libraryText.emptyTitle, press: [], hear: () => [restarted] },
    shows: restartedText,
  },
])

test('notices are announced politely, and dismissed one by one, the newest first', async () => {
  const state = { library, notices: [notice('error', 'Two.'), notice('warning', 'One.')] }
  const page = await openState({ address, state, shows: 'One.' })
  const region = page.element.querySelector(`[aria-label="${shellText.notices}"]`)
  expect(region?.getAttribute('aria-live')).toBe('polite')
  await press(controlText.dismiss)
  await until('the newest is gone', () => !document.body.innerText.includes('One.'))
  expect(document.body.innerText).toContain('Two.')
})

test('one notice is seen; the others are counted, read out and shown on request', async () => {
  const state = { library, notices: ['One.', 'Two.', 'Three.'].map((message) => notice('error', message)) }
  const page = await openState({ address, state, shows: 'Three.' })
  const seen = () =>
    [...page.element.querySelectorAll('.toast')]
      .filter((toast) => toast.checkVisibility({ opacityProperty: true }))
      .map((toast) => toast.querySelector('p')?.textContent?.trim())
  expect(seen()).toEqual(['Three.'])
  expect(page.element.querySelector('.toasts')?.textContent).toContain('One.')
  expect(page.element.querySelectorAll('.toast-behind :is(a, button)')).toHaveLength(0)
  await press(shellText.otherNotices(2))
  await until('all are seen', () => seen().length === 3)
  const tops = [...page.element.querySelectorAll('.toast')].map((toast) => toast.getBoundingClientRect().top)
  expect(new Set(tops).size).toBe(3)
  await press(controlText.dismiss)
  await press(controlText.dismiss)
  await until('one is left', () => page.element.querySelectorAll('.toast').length === 1)
  expect(findControl(shellText.otherNotices(2))).toBeUndefined()
})

test('notices without a problem leave after a while, but not while they are read; the others stay', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const state = { library, notices: [notice('info', 'Passing.'), notice('warning', 'Staying.')] }
  await openState({ address, state, shows: 'Passing.' })
  findControl(controlText.dismiss)?.focus()
  vi.advanceTimersByTime(60_000)
  expect(document.body.innerText).toContain('Passing.')
  findControl(controlText.dismiss)?.blur()
  vi.advanceTimersByTime(60_000)
  await until('it is gone', () => !document.body.innerText.includes('Passing.'))
  expect(document.body.innerText).toContain('Staying.')
})

test('the theme changes from the system’s to light, dark and back', async () => {
  onTestFinished(() => localStorage.removeItem('ggen-theme'))
  await openState({ address, state: { library }, shows: libraryText.emptyTitle })
  const seen: (string | undefined)[] = []
  for (const theme of ['system', 'light', 'dark'] as const) {
    await press(shellText.theme(theme))
    seen.push(document.documentElement.dataset['theme'])
  }
  expect(seen).toEqual(['light', 'dark', undefined])
  await until('the button names the system', () => findControl(shellText.theme('system')) !== undefined)
})

test('the skip link and every change of page bring the keyboard to the content', async () => {
  const page = await openState({ address, state: { library }, shows: libraryText.emptyTitle })
  findControl(shellText.skip)?.focus()
  await userEvent.keyboard('{Enter}')
  await until('the content has the focus', () => document.activeElement?.tagName === 'MAIN')
  history.replaceState(null, '', location.pathname + location.search)
  findControl(shellText.network, 'nav a')?.focus()
  await userEvent.keyboard('{Enter}')
  await until('the page is open', () => page.address() === '/network')
  await until('the content has the focus', () => document.activeElement?.tagName === 'MAIN')
  expect(findControl(shellText.network, 'nav a')?.getAttribute('aria-current')).toBe('page')
  expect(findControl(shellText.library, 'nav a')?.getAttribute('aria-current')).toBeNull()
})

test('what is copied is confirmed; where copying is blocked, a notice says so', async () => {
  const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValueOnce()
  const describe = async () => packageView()
  await openState({
    address: `/package/${packageView().summary.id}`,
    answers: { describe },
    shows: packageText.fingerprint,
  })
  await press(controlText.copyFingerprint)
  await until('it is confirmed', () => findControl(controlText.copied) !== undefined)
  write.mockRejectedValueOnce(new DOMException('blocked', 'NotAllowedError'))
  await press(controlText.copyContentId)
  await untilShown(controlText.copyBlocked)
  expect(write.mock.calls.flat()).toEqual([packageView().publisher.fingerprint, packageView().versions[0]?.root])
})

test('a part that cannot be drawn is tried again on request', async () => {
  const rows = [entry('kit'), { ...entry('web'), files: undefined } as unknown as LibraryEntry]
  const page = await openState({ address, state: { library: holding(...rows) }, shows: 'web 1.2.0' })
  expect(page.failures()).toHaveLength(1)
  await press(controlText.tryAgain)
  expect(page.failures()).toHaveLength(1)
  // The same row, as it should have been.
  Object.assign(rows[1] ?? {}, { files: [] })
  await press(controlText.tryAgain)
  await until('it is drawn', () => page.failures().length === 0)
})

test('a page that cannot be drawn keeps the frame, and is tried again on request', async () => {
  const value = nothing as unknown as LibraryEntry[]
  const page = await openState({
    address,
    state: { library: { busy: false, value } },
    shows: drawingFailureText.pageTitle,
  })
  expect(findControl(shellText.network, 'nav a')).toBeDefined()
  page.setState({ library })
  await press(controlText.tryAgain)
  await untilShown(libraryText.emptyTitle)
})

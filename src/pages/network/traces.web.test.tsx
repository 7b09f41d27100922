import { expect, test, vi } from 'vitest'
import { page as browserPage, userEvent } from 'vitest/browser'
import type { TraceView } from '../../../workers/contract/telemetry-views.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import {
  emptyTrace,
  failedInstall,
  failing,
  hostileTrace,
  manyTraces,
  slowInstall,
  slowPeer,
  traceIdFor,
  traces,
  tracesFrom,
} from '../../testing/fixtures/telemetry.ts'
import { expectTabOrder } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { sayStep, tracesText } from '../../text/traces.ts'
import { kindOfTrace } from './trace-kinds.ts'

const address = '/network?operations=all'
const state = { status: statuses.direct }
const traceAddress = ({ traceId }: TraceView): string => `/network/traces/${traceId}`
const answers = { traces: tracesFrom(traces) }

testViewStates([
  { name: 'loading', address, state, shows: tracesText.loading },
  { name: 'no operations', address, state, answers: { traces: async () => [] }, shows: tracesText.none },
  { name: 'operations', address, state, answers, shows: sayStep('bootstrap') },
  { name: 'an engine that fails', address, state, answers: { traces: failing }, shows: tracesText.none },
  { name: 'many', address, state, answers: { traces: tracesFrom(manyTraces) }, shows: tracesText.more },
  { name: 'no match', address: '/network?operations=publish&failed=yes', state, answers, shows: tracesText.noMatch },
  { name: 'a slow install', address: traceAddress(slowInstall), answers, shows: tracesText.whySlow },
  { name: 'a failed install', address: traceAddress(failedInstall), answers, shows: tracesText.failedMark },
  { name: 'hostile values', address: traceAddress(hostileTrace), answers, shows: tracesText.waterfall },
  { name: 'without steps', address: traceAddress(emptyTrace), answers, shows: tracesText.empty },
  { name: 'a trace that is loading', address: traceAddress(slowInstall), shows: tracesText.loadingOne },
  { name: 'a trace that is gone', address: `/network/traces/${traceIdFor(99)}`, answers, shows: tracesText.goneTitle },
  { name: 'an id that is none', address: '/network/traces/%3Cb%3E', answers, shows: tracesText.malformedTitle },
  {
    name: 'a trace that fails',
    address: traceAddress(slowInstall),
    answers: { traces: failing },
    shows: tracesText.failedTitle,
  },
])

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.trace-row')]
const steps = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[role=treeitem]')]
const chosen = (): HTMLElement | undefined => steps().find((step) => step.getAttribute('aria-selected') === 'true')
const nameOfStep = (step: HTMLElement | undefined): string =>
  step?.querySelector('.step-name')?.textContent?.trim() ?? ''

test('the filters choose kind, slow and failed operations, and stand in the address', async () => {
  const page = await openState({ address, state, answers, shows: sayStep('bootstrap') })
  await until('all are listed', () => rows().length === traces.length)
  await userEvent.selectOptions(document.querySelector('.trace-kind select') as HTMLElement, 'search')
  await until('searches only', () => rows().length === 2)
  await press(tracesText.slow)
  await until('the slow search', () => rows().length === 1)
  expect(page.address()).toBe('/network?operations=search&slow=yes')
  await press(tracesText.slow)
  await press(tracesText.failed)
  await untilShown(tracesText.noMatch)
  await press(tracesText.allKinds)
  await until('all again', () => rows().length === traces.length)
})

test('background work is listed on request', async () => {
  const background = traces.filter(({ name }) => kindOfTrace(name) === 'background')
  expect(background.length).toBeGreaterThan(0)
  const page = await openState({ address: '/network', state, answers, shows: sayStep('search') })
  await until('commands are listed', () => rows().length === traces.length - background.length)
  await userEvent.selectOptions(document.querySelector('.trace-kind select') as HTMLElement, 'all')
  await until('all are listed', () => rows().length === traces.length)
  expect(page.address()).toBe('/network?operations=all')
})

test('a tab that did nothing yet says so, and shows what it did in the background', async () => {
  const background = traces.filter(({ name }) => kindOfTrace(name) === 'background')
  await openState({
    address: '/network',
    state,
    answers: { traces: tracesFrom(background) },
    shows: tracesText.noCommands,
  })
  await press(tracesText.allKinds)
  await until('it is listed', () => rows().length === background.length)
})

test('the list has at most fifty rows more at each request', async () => {
  await openState({ address, state, answers: { traces: tracesFrom(manyTraces) }, shows: tracesText.more })
  expect(rows()).toHaveLength(50)
  await press(tracesText.more)
  await until('there are more', () => rows().length === 100)
})

test('the list asks for later operations only, and for none while paused', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  try {
    const list = [...traces]
    const load = vi.fn(tracesFrom(list))
    await openState({ address, state, answers: { traces: load }, shows: sayStep('bootstrap') })
    expect(load.mock.calls[0]).toEqual([500, {}])
    list.unshift({ ...slowInstall, traceId: traceIdFor(77), startedAt: Date.now() })
    await vi.advanceTimersByTimeAsync(2_000)
    await until('the new one is listed', () => rows().length === traces.length + 1)
    expect(load.mock.calls[1]?.[1]).toHaveProperty('since')
    await press(tracesText.pause)
    const asked = load.mock.calls.length
    list.unshift({ ...slowInstall, traceId: traceIdFor(78), startedAt: Date.now() })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(load.mock.calls).toHaveLength(asked)
    expect(rows()).toHaveLength(traces.length + 1)
    await press(tracesText.resume)
    await vi.advanceTimersByTimeAsync(2_000)
    await until('the next one is listed', () => rows().length === traces.length + 2)
  } finally {
    vi.useRealTimers()
  }
})

test('operations that arrive move nothing on the page', async () => {
  const answer = Promise.withResolvers<TraceView[]>()
  await openState({ address, state, answers: { traces: () => answer.promise }, shows: tracesText.loading })
  const height = (): number => document.documentElement.scrollHeight
  const before = height()
  answer.resolve(manyTraces)
  await until('they are listed', () => rows().length > 0)
  expect(height()).toBe(before)
})

test('the sentence names the step and the peer that took the time', async () => {
  await openState({ address: traceAddress(slowInstall), answers, shows: tracesText.whySlow })
  const why = document.querySelector('.trace-why')
  expect(why?.textContent).toContain('3.1 s of 3.4 s (90%) was spent waiting for pieces from peers.')
  expect(why?.querySelector('a')?.getAttribute('href')).toBe(`/network/peers/${slowPeer}`)
  expect(nameOfStep(chosen())).toBe(`${sayStep('piece_source')}…${slowPeer.slice(-5)}`)
})

test('arrow keys walk, open and close the steps', async () => {
  await openState({ address: traceAddress(slowInstall), answers, shows: tracesText.whySlow })
  const all = steps().length
  expect(all).toBe(slowInstall.spans.length)
  chosen()?.focus()
  await userEvent.keyboard('{Home}')
  expect(document.activeElement).toBe(steps()[0])
  expect(steps().filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1)
  await userEvent.keyboard('{ArrowRight}')
  expect(nameOfStep(chosen())).toBe(sayStep('install'))
  await userEvent.keyboard('{ArrowDown}')
  expect(nameOfStep(chosen())).toBe(sayStep('resolve'))
  await userEvent.keyboard('{ArrowLeft}')
  expect(nameOfStep(chosen())).toBe(sayStep('install'))
  await userEvent.keyboard('{ArrowLeft}')
  await until('it is closed', () => steps().length === 2)
  expect(document.activeElement?.getAttribute('aria-expanded')).toBe('false')
  await userEvent.keyboard('{ArrowRight}')
  await until('it is open', () => steps().length === all)
  await userEvent.keyboard('{End}')
  expect(document.activeElement).toBe(steps().at(-1))
  expect(nameOfStep(chosen())).toBe(sayStep('verify'))
  await userEvent.keyboard('{ArrowDown}')
  expect(document.activeElement).toBe(steps().at(-1))
  await userEvent.keyboard('{Home}{Enter}')
  await until('all are hidden', () => steps().length === 1)
})

test('the details of a step are in words, and lead to its peer', async () => {
  await openState({ address: traceAddress(slowInstall), answers, shows: tracesText.whySlow })
  steps()
    .find((step) => nameOfStep(step) === sayStep('fetch'))
    ?.click()
  await untilShown('40 MB')
  const details = document.querySelector('.step-details')
  expect(details?.textContent).toContain('Content ID')
  expect(details?.textContent).toContain('Sources')
})

test('a trace that appears later is shown then', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const list: TraceView[] = []
    await openState({
      address: traceAddress(slowInstall),
      answers: { traces: tracesFrom(list) },
      shows: tracesText.goneTitle,
    })
    list.push(slowInstall)
    await until('the next question has its timer', () => vi.getTimerCount() > 0)
    await vi.advanceTimersByTimeAsync(2_000)
    await untilShown(tracesText.whySlow)
  } finally {
    vi.useRealTimers()
  }
})

test('a large trace opens with few steps, and shows all on demand', async () => {
  await browserPage.viewport(1280, 900)
  await openState({ address: traceAddress(hostileTrace), answers, shows: tracesText.waterfall })
  expect(steps().length).toBeLessThan(100)
  await press(tracesText.expand)
  await until('all are shown', () => steps().length === hostileTrace.spans.length)
})

test('the keyboard reaches every control in order', async () => {
  await openState({ address: traceAddress(slowInstall), answers, shows: tracesText.whySlow })
  await expectTabOrder()
  expect(findControl(tracesText.back)).toBeDefined()
})

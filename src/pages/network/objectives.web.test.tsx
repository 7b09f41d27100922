import { expect, test, vi } from 'vitest'
import { statuses } from '../../testing/fixtures/status.ts'
import { failing, minuteSamples, objectives, traces, tracesFrom } from '../../testing/fixtures/telemetry.ts'
import { until } from '../../testing/shown-page.tsx'
import { findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { controlText } from '../../text/controls.ts'
import { objectivesText } from '../../text/objectives.ts'
import { sayFailure } from '../../text/reasons.ts'

const address = '/network'
const state = { status: statuses.direct }
const samples = async () => minuteSamples()

testViewStates([
  { name: 'no answer yet', address, state, shows: objectivesText.noValue },
  {
    name: 'no data',
    address,
    state,
    answers: { objectives: async () => objectives.none, samples },
    shows: objectivesText.state('no data'),
  },
  {
    name: 'met',
    address,
    state,
    answers: { objectives: async () => objectives.met, samples },
    shows: objectivesText.state('ok'),
  },
  {
    name: 'missed',
    address,
    state,
    answers: { objectives: async () => objectives.missed, samples },
    shows: objectivesText.state('breached'),
  },
  {
    name: 'an engine that fails',
    address,
    state,
    answers: { objectives: failing, samples: failing },
    shows: objectivesText.noValue,
  },
  {
    name: 'the notice of a breach',
    address: '/library',
    state: { ...state, notices: [{ id: 'objective:search_p95', level: 'warning', message: 'Slow.', page: 'network' }] },
    shows: controlText.openNetwork,
  },
])

test('the tiles keep their size when figures arrive', async () => {
  const answer = Promise.withResolvers<typeof objectives.missed>()
  const history = Promise.withResolvers<ReturnType<typeof minuteSamples>>()
  await openState({
    address,
    state,
    answers: { objectives: () => answer.promise, samples: () => history.promise },
    shows: objectivesText.noValue,
  })
  const size = () => {
    const { width, height } = document.querySelector('.tiles')?.getBoundingClientRect() ?? {}
    return { width, height }
  }
  const before = size()
  answer.resolve(objectives.missed)
  history.resolve(minuteSamples())
  await untilShown(objectivesText.state('breached'))
  expect(size()).toEqual(before)
})

test('a tile leads to the slow operations of its kind', async () => {
  const page = await openState({
    address,
    state,
    answers: { objectives: async () => objectives.missed, samples, traces: tracesFrom(traces) },
    shows: objectivesText.state('breached'),
  })
  await press(objectivesText.slowTraces('install_p95'))
  expect(page.address()).toBe('/network?operations=install&slow=yes')
  await until('the list shows them only', () => document.querySelectorAll('.trace-row').length === 1)
  await until('the list has the focus', () => document.activeElement?.id === 'operations')
})

test('a breach shows one notice that leads to the network page', async () => {
  const page = await openState({ address: '/library', state, shows: '' })
  const update = {
    kind: 'notice',
    id: 'objective:dht_lookup_p95',
    level: 'warning',
    name: 'ObjectiveBreached',
    reason: { code: 'objective-breached', objective: 'dht_lookup_p95', value: 2_400, alert: 800 },
  } as const
  page.tell([update])
  page.tell([update])
  await untilShown(sayFailure(update))
  expect(document.querySelectorAll('.toast')).toHaveLength(1)
  expect(sayFailure(update)).toContain('2.4 s')
  expect(findControl(controlText.openNetwork)?.getAttribute('href')).toBe('/network')
  await press(controlText.openNetwork)
  expect(page.address()).toBe('/network')
  await until('the notice is gone', () => document.querySelector('.toast') === null)
})

test('the history is asked for by the minute', async () => {
  const load = vi.fn(samples)
  await openState({
    address,
    state,
    answers: { objectives: async () => objectives.met, samples: load },
    shows: objectivesText.state('ok'),
  })
  expect(load.mock.calls.some((given) => JSON.stringify(given).includes('minute'))).toBe(true)
})

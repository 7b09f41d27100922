import { beforeEach, describe, expect, test, vi } from 'vitest'
import { page as browserPage, userEvent } from 'vitest/browser'
import { objectiveLimits } from '../../../workers/contract/objective-limits.ts'
import { nearestRow } from '../../charts/window.ts'
import { noon, samples, samplesOf } from '../../testing/fixtures/samples.ts'
import { caches, peers, statuses } from '../../testing/fixtures/status.ts'
import { expectTabOrder } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { chartText, formatClock, formatScore } from '../../text/charts.ts'
import { formatDuration } from '../../text/format.ts'
import { networkText } from '../../text/network.ts'

const address = '/network'
const state = { status: statuses.direct }
const lookupsCaption = (count: number): string =>
  chartText.lookupsInRange(count, { objective: formatDuration(objectiveLimits.dht_lookup_p95.target) })
const shows = lookupsCaption(796)

const answering = (view: unknown) => ({ samples: async () => view as (typeof samples)['hour'] })

/** High enough for all charts, because one out of sight is not drawn. */
const wholePage = () => browserPage.viewport(1280, 2400)

beforeEach(wholePage)

testViewStates([
  { name: 'charts: no samples', address, state, answers: answering(samples.none), shows: chartText.noData },
  { name: 'charts: one row', address, state, answers: answering(samples.one), shows: chartText.dht },
  { name: 'charts: a few rows', address, state, answers: answering(samples.young), shows: chartText.lookupsSoFar(13) },
  { name: 'charts: 15 minutes', address, state, answers: answering(samples.quarter), shows },
  { name: 'charts: an hour', address, state, answers: answering(samples.hour), act: choosing('hour'), shows: 'p95' },
  { name: 'charts: a day', address, state, answers: answering(samples.day), act: choosing('day'), shows: 'p95' },
  { name: 'charts: gaps', address, state, answers: answering(samples.gaps), shows: 'p95' },
  { name: 'charts: the clock was set back', address, state, answers: answering(samples.clockSetBack), shows: 'p95' },
  { name: 'charts: the clock was set ahead', address, state, answers: answering(samples.clockSetAhead), shows: 'p95' },
  {
    name: 'charts: as tables',
    address,
    state,
    answers: answering(samples.quarter),
    act: {
      before: shows,
      press: [chartText.dht, chartText.throughput, chartText.reputation].map((chart) => chartText.showTable({ chart })),
    },
    shows: chartText.time,
  },
])

function choosing(range: 'hour' | 'day') {
  return { before: chartText.dht, press: [chartText.ranges(range)] }
}

/** The charts of a quarter of an hour, drawn. */
const openCharts = async (view: unknown = samples.quarter, isShown = shows) => {
  const page = await openState({ address, state, answers: answering(view), shows: isShown })
  await until('the charts are drawn', () => document.querySelectorAll('.chart canvas').length === 9)
  return page
}

const chart = (title: string): HTMLElement => {
  const found = [...document.querySelectorAll<HTMLElement>('.chart')].find(
    (each) => each.querySelector('h3')?.textContent === title,
  )
  if (found === undefined) throw new Error(`The chart “${title}” is missing.`)
  return found
}

const slider = (title: string): HTMLElement => {
  const found = chart(title).querySelector<HTMLElement>('[role=slider]')
  if (found === null) throw new Error(`The chart “${title}” has no slider.`)
  return found
}

const captions = (): (string | null)[] =>
  [...document.querySelectorAll('.chart-caption')].map(({ textContent }) => textContent)

const legend = (title: string, series: string): string | undefined =>
  [...chart(title).querySelectorAll('.chart-legend li')]
    .find((entry) => entry.querySelector('.chart-label')?.textContent === series)
    ?.querySelector('.chart-value')?.textContent

const { times, columns } = samples.quarter
const valueAt = (name: string, row: number): number => columns[name]?.at(row) ?? Number.NaN

describe('values', () => {
  test('the legend shows the last sample, and the caption what is most worth knowing', async () => {
    await openCharts()
    expect(legend(chartText.dht, chartText.p95)).toBe(formatDuration(valueAt('dht_lookup_p95', -1)))
    expect(legend(chartText.lag, chartText.longestDelay)).toBe(formatDuration(valueAt('event_loop_lag', -1)))
    expect(legend(chartText.reputation, chartText.averageScore)).toBe(formatScore(valueAt('reputation_avg', -1)))
    expect(chart(chartText.cache).querySelector('.chart-caption')?.textContent).toBe(
      chartText.ofBestPossible({ share: '91%' }),
    )
  })

  test('with few lookups there are no percentiles', async () => {
    await openCharts(samples.young, chartText.lookupsSoFar(13))
    expect(legend(chartText.dht, chartText.p95)).toBe(chartText.noValue)
  })

  test('the best and the worst peers have a line each, at most eight', async () => {
    await openCharts()
    const named = [...chart(chartText.reputation).querySelectorAll('.chart-legend li:not([data-unused])')]
    expect(named).toHaveLength(9)
  })

  test('the table has the samples of the time shown, newest first, at most 120', async () => {
    await openCharts()
    await press(chartText.showTable({ chart: chartText.lag }))
    const rows = [...chart(chartText.lag).querySelectorAll('tbody tr')].map((row) => [
      row.querySelector('th')?.textContent,
      row.querySelector('td')?.textContent,
    ])
    expect(rows).toEqual(
      Array.from({ length: 120 }, (_, at) => [
        formatClock(times.at(-1 - at) ?? 0, true),
        formatDuration(valueAt('event_loop_lag', -1 - at)),
      ]),
    )
  })

  test('new samples appear without React', async () => {
    let view = samples.quarter
    await browserPage.viewport(1280, 2400)
    await openState({ address, state, answers: { samples: async () => view }, shows })
    const element = slider(chartText.lag)
    view = samplesOf({ rows: 30, to: noon + 30_000, seed: 2 })
    const expected = formatDuration(view.columns['event_loop_lag']?.at(-1) ?? 0)
    await until('the legend has the new value', () => legend(chartText.lag, chartText.longestDelay) === expected)
    expect(slider(chartText.lag)).toBe(element)
  })
})

describe('time', () => {
  test('arrow keys move the cursor of all charts, and Escape hides it', async () => {
    await openCharts()
    const before = captions()
    slider(chartText.dht).focus()
    await userEvent.keyboard('{ArrowLeft}{ArrowLeft}{ArrowLeft}{ArrowRight}')
    const moment = formatClock(times.at(-3) ?? 0, true)
    expect(captions().every((caption) => caption?.startsWith(moment))).toBe(true)
    expect(legend(chartText.lag, chartText.longestDelay)).toBe(formatDuration(valueAt('event_loop_lag', -3)))
    expect(slider(chartText.dht).getAttribute('aria-valuetext')).toContain(
      chartText.valueOf({ series: chartText.p95, value: formatDuration(valueAt('dht_lookup_p95', -3)) }),
    )
    await userEvent.keyboard('{Home}')
    expect(captions()[0]?.startsWith(formatClock(times[0] ?? 0, true))).toBe(true)
    await userEvent.keyboard('{Escape}')
    expect(captions()).toEqual(before)
  })

  test('the pointer reads all charts at one time, without moving anything', async () => {
    await openCharts()
    const places = () => [...document.querySelectorAll('.chart')].map((each) => each.getBoundingClientRect().toJSON())
    const before = places()
    const area = slider(chartText.cache).querySelector('.u-over')
    if (area === null) throw new Error('Nothing is drawn.')
    const { left, top, width, height } = area.getBoundingClientRect()
    area.dispatchEvent(new MouseEvent('mouseenter', { bubbles: true }))
    const move = { clientX: left + width / 4, clientY: top + height / 2, bubbles: true }
    area.dispatchEvent(new MouseEvent('mousemove', { ...move, movementX: 1, movementY: 1 }))
    const [first = 0, last = 0] = [times[0], times.at(-1)]
    const moment = formatClock(times[nearestRow(times, first + (last - first) / 4)] ?? 0, true)
    await until('all captions have the time', () =>
      captions().every((caption) => caption?.startsWith(moment.slice(0, 5))),
    )
    expect(new Set(captions().map((caption) => caption?.slice(0, 8))).size).toBe(1)
    expect(places()).toEqual(before)
  })

  test('plus zooms in around the cursor, minus out again, and Escape shows all', async () => {
    await openCharts()
    const last = () => Number(slider(chartText.lag).getAttribute('aria-valuemax'))
    const all = last()
    slider(chartText.dht).focus()
    await userEvent.keyboard('+')
    expect(last()).toBeLessThan(all * 0.6)
    expect(findControl(chartText.resetZoom)?.matches(':disabled')).toBe(false)
    await userEvent.keyboard('++-{Escape}')
    expect(last()).toBe(all)
    await userEvent.keyboard('+')
    await press(chartText.resetZoom)
    expect(last()).toBe(all)
  })

  test('t shows the table and the chart again, with the focus in it', async () => {
    await openCharts()
    slider(chartText.dht).focus()
    await userEvent.keyboard('t')
    await until('the table has the focus', () => document.activeElement?.matches('.chart-table') ?? false)
    await userEvent.keyboard('t')
    await until('the chart has the focus', () => document.activeElement === slider(chartText.dht))
  })

  test('the day is asked for in minutes', async () => {
    const load = vi.fn(async () => samples.day)
    await openState({ address, state, answers: { samples: load }, shows: chartText.dht })
    await press(chartText.ranges('day'))
    await until('minutes are asked for', () =>
      load.mock.calls.some((call) => JSON.stringify(call.at(-1)) === JSON.stringify({ step: 'minute' })),
    )
  })

  test('while paused, nothing is asked; nor on another page', async () => {
    const load = vi.fn(async () => samples.quarter)
    const page = await openState({ address, state, answers: { samples: load }, shows })
    await until('it is asked for again', () => load.mock.calls.length > 1)
    await press(chartText.pause)
    await untilShown(chartText.resume)
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] })
    try {
      const calls = load.mock.calls.length
      await vi.advanceTimersByTimeAsync(60_000)
      expect(load.mock.calls.length).toBe(calls)
      await press(chartText.resume)
      await until('it is asked for at once', () => load.mock.calls.length === calls + 1)
      page.stop()
      await vi.advanceTimersByTimeAsync(60_000)
      expect(load.mock.calls.length).toBe(calls + 1)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('screen readers', () => {
  test('each chart has a sentence, and the canvas is hidden behind the slider', async () => {
    await openCharts()
    const sentence = chart(chartText.dht).querySelector('figcaption .visually-hidden')?.textContent
    expect(sentence).toContain(`${chartText.dht} ${chartText.inRange('quarter')}`)
    expect(sentence).toContain(formatDuration(valueAt('dht_lookup_p95', -1)))
    for (const canvas of document.querySelectorAll('canvas')) expect(canvas.closest('[role=slider]')).not.toBeNull()
    expect(document.querySelectorAll('.charts [aria-live]')).toHaveLength(1)
  })

  test('the keyboard reaches every control in order', async () => {
    await openCharts()
    await expectTabOrder()
  })
})

describe('exports', () => {
  test('a chart as CSV has a line for each row', async () => {
    await openCharts()
    const saved = catchDownloads()
    await press(chartText.saveCsv({ chart: chartText.throughput }))
    const lines = (await saved[0]?.text())?.trimEnd().split('\r\n') ?? []
    expect(lines).toHaveLength(901)
    expect(new Set(lines[0]?.split(',')).size).toBe(15)
    expect(lines.at(-1)?.startsWith(new Date(noon).toISOString())).toBe(true)
  })

  test('all samples of the time shown as CSV', async () => {
    await openCharts()
    const saved = catchDownloads()
    await press(chartText.export)
    const lines = (await saved[0]?.text())?.trimEnd().split('\r\n') ?? []
    expect(lines).toHaveLength(901)
    expect(lines[0]).toContain('dht_lookup_p95')
  })

  test.each(['light', 'dark'])(
    'a chart as PNG stands on the %s background, with room for title and legend',
    async (theme) => {
      document.documentElement.dataset['theme'] = theme
      await openCharts()
      const saved = catchDownloads()
      await press(chartText.savePng({ chart: chartText.cache }))
      await until('it is saved', () => saved.length === 1)
      const picture = await createImageBitmap(saved[0] as Blob)
      const canvas = chart(chartText.cache).querySelector('canvas')
      expect(picture.height).toBeGreaterThan((canvas?.height ?? 0) + 60 * devicePixelRatio)
      const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d')
      context?.drawImage(picture, 0, 0)
      const [red, green, blue, alpha] = context?.getImageData(1, 1, 1, 1).data ?? []
      expect([`rgb(${red}, ${green}, ${blue})`, alpha]).toEqual([getComputedStyle(document.body).backgroundColor, 255])
    },
  )
})

test('the colours follow the theme', async () => {
  document.documentElement.dataset['theme'] = 'light'
  await openCharts()
  const picture = () => chart(chartText.memory).querySelector('canvas')?.toDataURL()
  const light = picture()
  document.documentElement.dataset['theme'] = 'dark'
  await until('it is drawn anew', () => picture() !== light)
})

test.each([
  ['null', null],
  ['a failure', { name: 'EngineStopped', reason: { code: 'engine-stopped' } }],
  ['no columns', { times: Float64Array.of(noon) }],
  [
    'columns that are no numbers',
    { times: Float64Array.of(noon), columns: { dht_lookup_p95: ['a'], x: null }, events: 5 },
  ],
  [
    'columns of other lengths and names',
    {
      ...samples.quarter,
      columns: {
        dht_lookup_p95: new Float64Array(3),
        operations: new Float64Array(5000),
        unknown: new Float64Array(900),
      },
      events: [{ time: noon, kind: 'of another version', subject: `\u202e${'x'.repeat(5000)}` }, null],
    },
  ],
  ['absurd numbers', { ...samplesOf({ rows: 30 }), columns: absurd() }],
])('samples that are wrong do not break the page: %s', async (_name, view) => {
  const page = await openState({ address, state, answers: answering(view), shows: chartText.dht })
  await until('the charts are drawn', () => document.querySelectorAll('.chart canvas').length > 0)
  expect(page.failures()).toEqual([])
  expect(document.body.innerText).not.toMatch(/NaN|Infinity|undefined/)
})

function absurd() {
  const values = [Number.MAX_VALUE, -Number.MAX_VALUE, Number.POSITIVE_INFINITY, -0, 5e-324, Number.NaN]
  return Object.fromEntries(
    Object.keys(samples.young.columns).map((name) => [
      name,
      Float64Array.from({ length: 30 }, (_, row) => values[row % values.length] ?? 0),
    ]),
  )
}

test.each([
  ['phone', 390],
  ['desktop', 1280],
])('nothing on the %s moves while the engine starts, and peers, samples and failures arrive', async (_name, width) => {
  await browserPage.viewport(width, 900)
  let known: typeof peers = []
  let view = samples.none
  const page = await openState({
    address,
    state: { status: statuses.starting },
    answers: { peers: async () => known, samples: async () => view },
    shows: networkText.connectTitle,
  })
  const shifts: { value: number; of: string }[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number; sources: { node?: Node }[] })[])
      shifts.push({ value: entry.value, of: entry.sources.map(({ node }) => (node as Element)?.className).join(', ') })
  })
  observer.observe({ type: 'layout-shift' })
  for (const status of [statuses.connecting, statuses.alone, statuses.direct, failing, statuses.direct]) {
    known = status === statuses.direct ? [...peers, ...many()] : []
    page.setState({ status, cache: caches.many })
    await frames()
  }
  await until('the peers are there', () => document.querySelectorAll('.ranked-peers tbody tr').length > 5)
  document.querySelector('.charts')?.scrollIntoView()
  await until('a chart is drawn', () => document.querySelector('.chart canvas') !== null)
  view = samples.quarter
  await untilShown(lookupsCaption(796))
  await frames()
  observer.disconnect()
  // The sentence in the header of a phone has one line or two: its text moves by half a line.
  expect(shifts.filter(({ value }) => value > 0.000_2)).toEqual([])
})

/** Without the notice that nothing is saved, which is above every page. */
const failing = { ...statuses.failing, persistent: true }

const many = (): typeof peers => peers.flatMap((peer, at) => [{ ...peer, peerId: `${peer.peerId}${at}` }])

/** After two frames, what was changed has been drawn. */
const frames = (): Promise<unknown> =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))

const catchDownloads = (): Blob[] => {
  const saved: Blob[] = []
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => {})
  vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
    saved.push(blob as Blob)
    return 'blob:test'
  })
  return saved
}

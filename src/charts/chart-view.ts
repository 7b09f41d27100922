import { chartText, formatClock } from '../text/charts.ts'
import { type ChartData, type TimeRange, toChartData } from './chart-data.ts'
import { type ChartDefinition, labelOf } from './chart-definition.ts'
import { type ChartGroup, zoomed } from './chart-group.ts'
import { legendOf, sayEntry, sayMoment, saySentence, sayValues } from './chart-words.ts'
import type { SampleFeed } from './feed.ts'
import { watchTheme } from './palette.ts'
import type { Plot } from './plot.ts'
import { nearestRow, type SampleWindow } from './window.ts'

/**
 * A chart on the page, outside React: the elements stand, and new samples change the canvas, the texts of the legend
 * and a caption. Nothing is drawn while the chart is out of sight.
 */
export interface ChartView {
  data(): ChartData | undefined
  setRange(range: ChartRange): void
  /** Answers a key; false if it means nothing here. */
  press(key: string, isFast: boolean): boolean
  /** Undefined until it has been drawn. */
  plot(): Plot | undefined
  stop(): void
}

/** The stretch of time shown, when nothing is zoomed into, and its words: `in the last hour`. */
export interface ChartRange {
  readonly spanMs: number
  readonly words: string
}

export interface ChartElements {
  /** Takes the canvas, and the focus. */
  plot: HTMLElement
  caption: HTMLElement
  sentence: HTMLElement
  empty: HTMLElement
  legend: HTMLElement
}

export interface ChartOptions {
  definition: ChartDefinition
  feed: SampleFeed
  group: ChartGroup
  range: ChartRange
  loadPlot: () => Promise<typeof import('./plot.ts')>
  /** The renewed sentence, while the chart has the focus. */
  speak(sentence: string): void
  /** New data for a table. */
  onData(data: ChartData): void
}

/** Least time between two sentences for screen readers (ms). */
const sentenceMs = 10_000

/** Steps in which the picture moves over the width, and the longest time between two (ms). */
const drawnSteps = 450
const slowestMs = 5_000

/** Rows that fill the width at least. */
const leastRows = 60

/** Events at most this far from the cursor are named (px). */
const eventReach = 6

export const createChartView = (elements: ChartElements, options: ChartOptions): ChartView => {
  const { definition, feed, group, speak, onData } = options
  const entries = legendOf(definition)
  // What the chart and its table share: the chart has no place and no size while the table is shown.
  const frame = elements.plot.parentElement ?? elements.plot
  const cells = [...elements.legend.children].map((entry) => ({
    entry,
    label: entry.querySelector('.chart-label'),
    value: entry.querySelector('.chart-value'),
  }))
  let range = options.range
  let data: ChartData | undefined
  let plot: Plot | undefined
  let isSeen = false
  let isStale = true
  let isStopped = false
  let drawnKey = ''
  let spokenAt = Number.NEGATIVE_INFINITY

  /** All of the range; only since the first row while there are fewer, so that a young chart is not a dot at its edge. */
  const whole = ({ times, stepMs }: SampleWindow): TimeRange => {
    const to = times.at(-1) ?? Date.now()
    const age = to - (times.at(0) ?? to)
    return { from: to - Math.min(range.spanMs, Math.max(age, leastRows * stepMs)), to }
  }

  const update = (window: SampleWindow, isForced = false): void => {
    const shown = group.zoom() ?? whole(window)
    // A long range moves by less than a pixel a second.
    const paceMs = Math.min(slowestMs, Math.max(window.stepMs, (shown.to - shown.from) / drawnSteps))
    const paced = Math.floor((window.times.at(-1) ?? 0) / paceMs)
    const key = [paced, window.stepMs, window.times.length === 0, shown.to - shown.from].join(' ')
    if (!isForced && key === drawnKey && !isStale) return
    if (!isSeen) {
      isStale = true
      return
    }
    isStale = false
    drawnKey = key
    data = toChartData(definition, window, shown)
    plot?.update(data)
    plot?.setCursor(group.cursor())
    setText(elements.empty, data.isEmpty ? (definition.nothing ?? chartText.noData) : '')
    write(window)
    onData(data)
  }

  const write = (window: SampleWindow): void => {
    if (data === undefined) return
    const at = cursorRow()
    const values = at === undefined ? data.latest : data.values.map((each) => each[at])
    for (const [index, { entry, label, value }] of cells.entries()) {
      const known = entries[index]
      const first = definition.series[known?.series[0] ?? 0]
      if (known === undefined || first === undefined) continue
      const name = labelOf(first)
      entry.toggleAttribute('data-unused', name === undefined)
      setText(label, name ?? '')
      setText(value, name === undefined ? '' : sayEntry(definition, known, values))
    }
    const caption = captionOf(window, data)
    setText(elements.caption, at === undefined ? caption : momentAt(data, at))
    writeSentence(caption, data)
    writeSlider(at, data)
  }

  const captionOf = (window: SampleWindow, { latest, values, count }: ChartData): string =>
    data?.isEmpty === true ? '' : definition.caption({ window, latest, values, count })

  const cursorRow = (): number | undefined => {
    const time = group.cursor()
    if (time === undefined || data === undefined || data.times.length === 0) return undefined
    return nearestRow(data.times, time)
  }

  const momentAt = ({ times, events, range: { from, to } }: ChartData, at: number): string => {
    const time = times[at] ?? to
    const reachMs = ((to - from) / Math.max(frame.clientWidth, 1)) * eventReach
    return sayMoment(
      time,
      events.filter((event) => Math.abs(event.time - time) <= reachMs),
    )
  }

  const rangeWords = (): string => {
    const zoom = group.zoom()
    return zoom === undefined
      ? range.words
      : chartText.zoomedTo({ from: formatClock(zoom.from, true), to: formatClock(zoom.to, true) })
  }

  const writeSentence = (caption: string, { latest, isEmpty }: ChartData): void => {
    const now = performance.now()
    if (now - spokenAt < sentenceMs) return
    spokenAt = now
    const sentence = saySentence({ definition, values: latest, caption, range: rangeWords(), isEmpty })
    setText(elements.sentence, sentence)
    if (group.cursor() === undefined && elements.plot.contains(document.activeElement)) speak(sentence)
  }

  /** A screen reader reads a changed value, so it follows the cursor only, not the time. */
  const writeSlider = (at: number | undefined, { times, values }: ChartData): void => {
    const last = Math.max(0, times.length - 1)
    setAttributes(elements.plot, {
      'aria-valuemax': last,
      'aria-valuenow': at ?? last,
      'aria-valuetext':
        at === undefined
          ? (elements.sentence.textContent ?? '')
          : chartText.atTime({
              time: formatClock(times[at] ?? 0, true),
              values: sayValues(
                definition,
                values.map((each) => each[at]),
              ),
            }),
    })
  }

  const moveTo = (row: number): void => {
    const { times = [] } = data ?? {}
    group.setCursor(times[Math.min(Math.max(row, 0), times.length - 1)])
  }

  const zoom = (direction: '+' | '-'): void => {
    const all = whole(feed.current())
    const shown = group.zoom() ?? all
    group.setZoom(zoomed(shown, group.cursor() ?? shown.to, direction, all))
  }

  /** Rows that a key moves by, and with Shift. */
  const stride = { slow: 1, fast: 10 }

  const press = (key: string, isFast: boolean): boolean => {
    const last = (data?.times.length ?? 0) - 1
    const at = cursorRow() ?? last
    const by = isFast ? stride.fast : stride.slow
    const actions: Record<string, () => void> = {
      ArrowLeft: () => moveTo(at - by),
      ArrowRight: () => moveTo(at + by),
      Home: () => moveTo(0),
      End: () => moveTo(last),
      '+': () => zoom('+'),
      '=': () => zoom('+'),
      '-': () => zoom('-'),
      Escape() {
        group.setCursor(undefined)
        group.setZoom(undefined)
      },
    }
    const action = actions[key]
    if (action === undefined) return false
    action()
    return true
  }

  const size = (): { width: number; height: number } => ({
    width: Math.max(1, elements.plot.clientWidth),
    height: Math.max(1, elements.plot.clientHeight),
  })

  const addPlot = async (): Promise<void> => {
    const { createPlot } = await options.loadPlot()
    if (isStopped || plot !== undefined) return
    plot = createPlot(elements.plot, definition, {
      ...size(),
      formatTime: formatClock,
      onCursor: group.setCursor,
      onSelect: group.setZoom,
      onReset: () => group.setZoom(undefined),
    })
    update(feed.current(), true)
  }

  const seeing = new IntersectionObserver(
    (seen) => {
      isSeen = seen.at(-1)?.isIntersecting ?? false
      if (!isSeen) return
      if (isStale) update(feed.current(), true)
      // A failed load is repeated when the chart comes into sight again.
      if (plot === undefined) addPlot().catch(() => undefined)
    },
    { rootMargin: '100px' },
  )
  // In the next frame: a chart that changes its elements within the notification would be reported as a loop.
  const sizing = new ResizeObserver(() =>
    requestAnimationFrame(() => {
      if (!isStopped && elements.plot.clientWidth > 0) plot?.resize(size())
    }),
  )
  seeing.observe(frame)
  sizing.observe(elements.plot)
  const stops = [
    () => seeing.disconnect(),
    () => sizing.disconnect(),
    watchTheme(() => plot?.recolour()),
    feed.subscribe((window) => update(window)),
    group.subscribe((change) => {
      if (change === 'zoom') {
        spokenAt = Number.NEGATIVE_INFINITY
        update(feed.current(), true)
      } else if (isSeen) {
        plot?.setCursor(group.cursor())
        write(feed.current())
      }
    }),
  ]
  update(feed.current())

  return {
    data: () => data,
    setRange(next) {
      range = next
      spokenAt = Number.NEGATIVE_INFINITY
      update(feed.current(), true)
    },
    press,
    plot: () => plot,
    stop() {
      isStopped = true
      for (const stop of stops) stop()
      plot?.destroy()
    },
  }
}

/** Writes only what differs: equal text would still cost a layout. */
const setText = (element: Element | null, text: string): void => {
  if (element !== null && element.textContent !== text) element.textContent = text
}

const setAttributes = (element: Element, values: Record<string, string | number>): void => {
  for (const [name, value] of Object.entries(values)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value))
  }
}

import 'uplot/dist/uPlot.min.css'
import uPlot from 'uplot'
import { type Axis, linearAxis, logAxis } from './axis.ts'
import type { ChartData, TimeRange } from './chart-data.ts'
import { type ChartDefinition, dashOf, type SeriesDefinition } from './chart-definition.ts'
import { fontOf, type Palette, readPalette, translucent } from './palette.ts'
import { drawMarks, drawMeasurements } from './plot-marks.ts'

/**
 * uPlot with the look of this page. Loaded when the first chart is shown. Made once per chart; then only its data
 * change.
 */
export interface Plot {
  update(data: ChartData): void
  /** Moves the line under the cursor; undefined hides it. */
  setCursor(time: number | undefined): void
  resize(size: { width: number; height: number }): void
  /** Reads the colours of the page again. */
  recolour(): void
  canvas(): HTMLCanvasElement
  palette(): Palette
  destroy(): void
}

interface Options {
  width: number
  height: number
  formatTime(time: number, withSeconds: boolean): string
  /** The pointer is over this time; undefined when it left. */
  onCursor(time: number | undefined): void
  onSelect(range: TimeRange): void
  onReset(): void
}

/** Width of the value axis (px): equal, so that charts below each other align. */
const axisWidth = 46
const axisHeight = 26
/** Of axis labels (px). */
const labelSize = 11
const minuteMs = 60_000

export const createPlot = (element: HTMLElement, definition: ChartDefinition, options: Options): Plot => {
  let palette = readPalette(element)
  let data: ChartData | undefined
  let axis: Axis = { min: 0, max: 1, splits: [0, 1] }
  const range = (): [number, number] => [data?.range.from ?? 0, data?.range.to ?? 1]
  const font = fontOf(palette, labelSize)

  const mark = (drawn: uPlot, draw: typeof drawMarks): void => {
    if (data !== undefined) draw(drawn, { data, palette, limit: definition.limit, series: definition.series })
  }

  const plot = new uPlot(
    {
      width: options.width,
      height: options.height,
      ms: 1,
      padding: [8, 25, 0, 0],
      legend: { show: false },
      series: [{}, ...definition.series.map(toSeries)],
      bands: bandsOf(definition.series, () => palette),
      scales: {
        x: { time: true, range },
        y: { distr: definition.scale === 'log' ? 3 : 1, range: () => [axis.min, axis.max] },
      },
      axes: [
        {
          size: axisHeight,
          space: 76,
          gap: 8,
          font,
          stroke: () => palette.faint,
          grid: { show: false },
          ticks: { show: false },
          values: (_plot, splits, _axis, _space, step) =>
            splits.map((time) => options.formatTime(time, step < minuteMs)),
        },
        {
          size: axisWidth,
          gap: 6,
          font,
          stroke: () => palette.faint,
          grid: { stroke: () => palette.line, width: 1 },
          ticks: { show: false },
          splits: () => axis.splits,
          filter: (_plot, splits) => splits,
          values: (_plot, splits) =>
            splits.map((value) => (definition.formatTick ?? definition.format)(Math.abs(value))),
        },
      ],
      cursor: {
        y: false,
        points: { size: 7 },
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            options.onReset()
            return null
          },
        },
      },
      hooks: {
        setCursor: [
          ({ cursor }) => {
            // Only of the pointer: `setCursor` below does not run hooks.
            const { left = -1 } = cursor
            options.onCursor(left < 0 ? undefined : plot.posToVal(left, 'x'))
          },
        ],
        setSelect: [
          ({ select }) => {
            if (select.width > 4)
              options.onSelect({
                from: plot.posToVal(select.left, 'x'),
                to: plot.posToVal(select.left + select.width, 'x'),
              })
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          },
        ],
        drawAxes: [(drawn) => mark(drawn, drawMeasurements)],
        draw: [(drawn) => mark(drawn, drawMarks)],
      },
    },
    toColumns(definition, undefined),
    element,
  )

  function toSeries({ hue, draw = 'line', width = 1.5, isDashed = false }: SeriesDefinition, at: number): uPlot.Series {
    const isStacked = draw === 'stack' || draw === 'stack-down'
    const line = isStacked ? uPlot.paths.stepped?.({ align: -1 }) : uPlot.paths.linear?.()
    return {
      auto: false,
      stroke: () => palette.hues[hue],
      width: isStacked ? 1 : width,
      // The lowest of a stack fills the space to zero; the others are bands.
      ...(isStacked && isFirstOfStack(definition.series, at) ? { fill: () => fillOf(palette, hue), fillTo: 0 } : {}),
      ...(isDashed ? { dash: [4, 3] } : {}),
      paths: (self, index, from, to) => {
        // A stack of dots could not be read.
        if (draw === 'none' || (!isStacked && (data?.hasFewRows ?? true))) return null
        const series = self.series[index]
        if (series !== undefined) series.dash = palette.isDashed ? dashOf(hue, isDashed) : isDashed ? [4, 3] : []
        return line?.(self, index, from, to) ?? null
      },
      points: {
        size: 4,
        width: 0,
        fill: () => palette.hues[hue],
        show: () => draw === 'line' && (data?.hasFewRows ?? false),
        filter: (self, index, show) => (show === true ? null : isolated(self.data[index] ?? [])),
      },
    }
  }

  return {
    update(next) {
      data = next
      axis = axisFor(definition, next)
      plot.setData(toColumns(definition, next))
    },
    setCursor(time) {
      const left = time === undefined ? -10 : plot.valToPos(time, 'x')
      const isShown = left >= 0 && left <= plot.over.clientWidth
      plot.setCursor({ left: isShown ? left : -10, top: isShown ? 0 : -10 }, false)
    },
    resize: (size) => plot.setSize(size),
    recolour() {
      palette = readPalette(element)
      plot.redraw(true, true)
    },
    canvas: () => plot.ctx.canvas,
    palette: () => palette,
    destroy: () => plot.destroy(),
  }
}

const toColumns = ({ series }: ChartDefinition, data: ChartData | undefined): uPlot.AlignedData =>
  // Without rows uPlot draws no axes.
  data === undefined || data.times.length === 0
    ? [[data?.range.from ?? 0, data?.range.to ?? 1], ...series.map(() => [null, null])]
    : ([data.times, ...data.drawn] as unknown as uPlot.AlignedData)

const isFirstOfStack = (series: readonly SeriesDefinition[], at: number): boolean =>
  series.findIndex(({ draw }) => draw === series[at]?.draw) === at

/** The space between a stacked series and the one below it, which is the one before it of the same direction. */
const bandsOf = (series: readonly SeriesDefinition[], palette: () => Palette): uPlot.Band[] =>
  series.flatMap(({ draw, hue }, at): uPlot.Band[] => {
    if ((draw !== 'stack' && draw !== 'stack-down') || isFirstOfStack(series, at)) return []
    const below = series.findLastIndex((each, index) => index < at && each.draw === draw)
    return [{ series: [at + 1, below + 1], dir: draw === 'stack' ? -1 : 1, fill: () => fillOf(palette(), hue) }]
  })

const fillOf = ({ hues, isDashed }: Palette, hue: SeriesDefinition['hue']): string =>
  isDashed ? 'transparent' : translucent(hues[hue], 0.35)

/** Values between two gaps, which a line would not show. */
const isolated = (values: ArrayLike<number | null | undefined>): number[] | null => {
  const found: number[] = []
  for (let row = 0; row < values.length; row += 1) {
    if (values[row] != null && values[row - 1] == null && values[row + 1] == null) found.push(row)
  }
  return found.length === 0 ? null : found
}

/** Fits all that is drawn. */
const axisFor = ({ scale, atLeast, limit }: ChartDefinition, { drawn, points }: ChartData): Axis => {
  let low = atLeast[0]
  let high = Math.max(atLeast[1], limit ?? Number.NEGATIVE_INFINITY)
  const include = (value: number | null | undefined): void => {
    if (value === null || value === undefined || (scale === 'log' && value <= 0)) return
    if (value < low) low = value
    if (value > high) high = value
  }
  for (const values of drawn) for (const value of values) include(value)
  for (const value of points.values) include(value)
  return scale === 'log' ? logAxis(low, high) : linearAxis(low, high)
}

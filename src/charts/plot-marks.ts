import type uPlot from 'uplot'
import type { SampleEventKind } from '../../workers/contract/telemetry-views.ts'
import type { ChartData } from './chart-data.ts'
import type { SeriesDefinition } from './chart-definition.ts'
import { type Palette, translucent } from './palette.ts'

interface Marks {
  data: ChartData
  palette: Palette
  limit: number | undefined
  series: readonly SeriesDefinition[]
}

/** Single measurements as dots, below the lines; fainter where there are many. */
export const drawMeasurements = (plot: uPlot, { data, palette, series }: Marks): void => {
  const { length } = data.points.times
  if (length === 0) return
  const alpha = data.hasFewMeasurements ? 0.9 : length < manyPoints ? 0.35 : 0.2
  within(plot, () => drawPoints(plot, data, translucent(palette.hues[series[0]?.hue ?? '1'], alpha), devicePixelRatio))
}

const manyPoints = 500

/** What uPlot has no series for: the limit as a line, events as flags on the time axis. */
export const drawMarks = (plot: uPlot, { data, palette, limit }: Marks): void =>
  within(plot, () => {
    if (limit !== undefined) drawLimit(plot, limit, palette, devicePixelRatio)
    drawFlags(plot, data, palette, devicePixelRatio)
  })

const within = ({ ctx, bbox }: uPlot, draw: () => void): void => {
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  draw()
  ctx.restore()
}

/** Squares on whole pixels: of 2,000 dots each second, arcs would take most of the time of the page. */
const drawPoints = (plot: uPlot, { points: { times, values } }: ChartData, colour: string, ratio: number): void => {
  const { ctx } = plot
  const size = Math.round(3 * ratio)
  ctx.fillStyle = colour
  for (let at = 0; at < times.length; at += 1) {
    const value = values[at] ?? 0
    if (value <= 0) continue
    const left = Math.round(plot.valToPos(times[at] ?? 0, 'x', true) - size / 2)
    ctx.fillRect(left, Math.round(plot.valToPos(value, 'y', true) - size / 2), size, size)
  }
}

const drawLimit = (plot: uPlot, limit: number, { error }: Palette, ratio: number): void => {
  const { ctx, bbox } = plot
  const y = Math.round(plot.valToPos(limit, 'y', true)) + 0.5
  ctx.strokeStyle = error
  ctx.lineWidth = ratio
  ctx.setLineDash([2 * ratio, 3 * ratio])
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  ctx.setLineDash([])
}

/** Flags nearer to each other than this are one (px). */
const flagGap = 6

const drawFlags = (plot: uPlot, { events }: ChartData, palette: Palette, ratio: number): void => {
  const { ctx, bbox } = plot
  const bottom = bbox.top + bbox.height
  let last = Number.NEGATIVE_INFINITY
  for (const { time, kind } of events) {
    const x = Math.round(plot.valToPos(time, 'x', true))
    const isLoud = loud.has(kind)
    if (!isLoud && x - last < flagGap * ratio) continue
    last = x
    const colour = colourOf(kind, palette)
    ctx.fillStyle = colour
    ctx.beginPath()
    ctx.moveTo(x - 4.5 * ratio, bottom)
    ctx.lineTo(x + 4.5 * ratio, bottom)
    ctx.lineTo(x, bottom - 8 * ratio)
    ctx.fill()
    if (!isLoud) continue
    ctx.fillStyle = translucent(colour, 0.45)
    ctx.fillRect(x - ratio / 2, bbox.top, ratio, bbox.height)
  }
}

/** What a person should notice. */
const loud: ReadonlySet<SampleEventKind> = new Set(['relay-lost', 'peer-banned', 'objective-breached'] as const)

const colourOf = (kind: SampleEventKind, { accent, error, faint }: Palette): string => {
  if (loud.has(kind)) return error
  return kind === 'published' || kind === 'installed' ? accent : faint
}

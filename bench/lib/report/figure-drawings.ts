import type { Row } from '../measurement.ts'
import { type Html, html, nothing } from './html.ts'
import type { Scale } from './scale.ts'

/** Size of a drawing in a cell (CSS pixels). */
const strip = { width: 240, height: 30 }
const line = { width: 96, height: 30 }
const margin = 4
const bins = 48

export interface Distribution {
  readonly row: Row
  /** Samples of the figure; empty if only percentiles were saved. */
  readonly samples: readonly number[]
  /** Medians of the parts of a saved run, in the unit of the figure. */
  readonly blocks: readonly number[]
}

/**
 * Draws where the samples of a figure lie: a histogram or the medians of its parts, a bar from p50 to p95 with a line to
 * p99, the target, and the median of a reference. Hidden from screen readers, since the cells beside it have the values.
 */
export const drawDistribution = ({ row, samples, blocks }: Distribution, scale: Scale): Html => {
  const x = (value: number): string => (margin + scale.position(value) * (strip.width - 2 * margin)).toFixed(1)
  const middle = strip.height - 9
  const grid = scale.lines.map((value) => html`<path class="grid" d="M${x(value)} 0V${strip.height}"/>`)
  const [p50, p95, p99] = [row.p50, row.p95, row.p99].map((value) => (Number.isFinite(value) ? x(value) : undefined))
  const range =
    p50 === undefined || p95 === undefined || p99 === undefined
      ? nothing
      : html`<path class="tail" d="M${p50} ${middle}H${p99}"/><path class="body" d="M${p50} ${middle}H${p95}"/><circle class="median" cx="${p50}" cy="${middle}" r="3.5"/>`
  const { against, target, interval } = row
  const sure =
    interval === undefined || !Number.isFinite(interval.low + interval.high)
      ? nothing
      : html`<path class="tail" d="M${x(interval.low)} ${middle}H${x(interval.high)}"/>`
  const reference =
    against === undefined || against.unit !== row.unit || !Number.isFinite(against.p50)
      ? nothing
      : html`<rect class="reference" x="-3.5" y="-3.5" width="7" height="7" transform="translate(${x(against.p50)} ${middle}) rotate(45)"/>`
  const goal = target === null ? nothing : html`<path class="target" d="M${x(target)} 2V${strip.height - 2}m-3.5 0h7"/>`
  return html`<svg class="strip" width="${strip.width}" height="${strip.height}" viewBox="0 0 ${strip.width} ${strip.height}" aria-hidden="true">${grid}${drawHistogram(samples, scale, middle - 6)}${blocks.map((value) => html`<circle class="block" cx="${x(value)}" cy="${middle - 8}" r="1.5"/>`)}${sure}${range}${reference}${goal}</svg>`
}

/** Draws how often samples fall into each part of the scale; roots of counts, so that a tail of a hundredth is seen. */
const drawHistogram = (samples: readonly number[], scale: Scale, height: number): Html => {
  if (samples.length < 2) return nothing
  const counts = new Array<number>(bins).fill(0)
  for (const sample of samples) {
    const bin = Math.min(bins - 1, Math.floor(scale.position(sample) * bins))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const most = Math.max(...counts)
  const width = (strip.width - 2 * margin) / bins
  const bars = counts.flatMap((count, bin) => {
    if (count === 0) return []
    const tall = Math.max(1, Math.sqrt(count / most) * height)
    return `M${(margin + bin * width).toFixed(1)} ${height.toFixed(1)}v${(-tall).toFixed(1)}h${(width - 0.5).toFixed(1)}V${height.toFixed(1)}z`
  })
  return html`<path class="histogram" d="${bars.join('')}"/>`
}

/** Draws the values of earlier runs and of this one, oldest first, from zero on. */
export const drawHistory = (values: readonly number[]): Html => {
  const most = Math.max(...values)
  if (values.length < 2 || !(most > 0)) return nothing
  const at = (value: number, n: number): string => {
    const x = margin + (n / (values.length - 1)) * (line.width - 2 * margin)
    const y = line.height - margin - (Math.max(0, value) / most) * (line.height - 2 * margin)
    return `${x.toFixed(1)} ${y.toFixed(1)}`
  }
  const [cx = '', cy = ''] = at(values.at(-1) ?? 0, values.length - 1).split(' ')
  return html`<svg class="line" width="${line.width}" height="${line.height}" viewBox="0 0 ${line.width} ${line.height}" aria-hidden="true"><path class="past" d="M${values.map(at).join('L')}"/><circle class="median" cx="${cx}" cy="${cy}" r="2.5"/></svg>`
}

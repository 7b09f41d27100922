/** The range of a value axis and its grid lines, on round numbers, so that it stays still while values vary a little. */
export interface Axis {
  min: number
  max: number
  splits: number[]
}

/** Steps between grid lines, times a power of ten. */
const roundSteps = [1, 2, 2.5, 5, 10]

/** From zero, or from below it, in about `intervals` equal steps. */
export const linearAxis = (low: number, high: number, intervals = 4): Axis => {
  const min = finiteOr(Math.min(low, 0), 0)
  const top = Math.max(finiteOr(high, 1), 0)
  const max = top - min < smallest ? min + 1 : top
  const rough = (max - min) / intervals
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = (roundSteps.find((each) => each * power >= rough * 0.999) ?? 10) * power
  const first = Math.floor(min / step + 1e-9)
  const last = Math.ceil(max / step - 1e-9)
  const splits = Array.from({ length: Math.max(1, last - first) + 1 }, (_, at) => round((first + at) * step, step))
  return { min: splits[0] ?? 0, max: splits.at(-1) ?? 1, splits }
}

/** In powers of ten. */
export const logAxis = (low: number, high: number): Axis => {
  const first = Math.floor(Math.log10(Math.max(finiteOr(low, 1), lowest)) + 1e-9)
  const last = Math.max(Math.ceil(Math.log10(Math.max(finiteOr(high, 10), lowest)) - 1e-9), first + 1)
  const splits = Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at))
  return { min: splits[0] ?? 1, max: splits.at(-1) ?? 10, splits }
}

/** Lowest value of a logarithmic axis. */
const lowest = 1e-3

/** Shortest linear axis. */
const smallest = 1e-9

/** Values beyond have no round numbers between them. */
const highest = 1e15

const finiteOr = (value: number, otherwise: number): number =>
  Number.isNaN(value) ? otherwise : Math.min(Math.max(value, -highest), highest)

/** Without the noise of adding fractions, as in 0.30000000000000004. */
const round = (value: number, step: number): number => {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(step)))
  return digits > 15 ? value : Number(value.toFixed(digits)) + 0
}

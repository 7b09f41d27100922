/** Maps values to positions from 0 to 1. */
export interface Scale {
  position(value: number): number
  /** Values to draw a line at: powers of ten, or zero. */
  readonly lines: readonly number[]
}

/** Powers of ten beyond which a scale starts later: lines would become a grey area. */
const maxDecades = 12

/** Powers of ten left and right of the values: 0.05 is an eighth. */
const room = 0.05

/** A logarithmic scale from the smallest to the largest value, or a linear one if a value is not positive. */
export const scaleFor = (values: readonly number[]): Scale => {
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0) return { position: () => 0, lines: [] }
  const [low, high] = [least(finite), most(finite)]
  return low > 0 ? logarithmic(low, high) : linear(low, high)
}

const logarithmic = (low: number, high: number): Scale => {
  const last = Math.log10(high) + room
  const first = Math.max(Math.log10(low) - room, last - maxDecades)
  const firstLine = Math.ceil(first)
  return {
    position: (value) => (value > 0 ? clamp((Math.log10(value) - first) / (last - first)) : 0),
    lines: Array.from({ length: Math.floor(last) - firstLine + 1 }, (_, at) => 10 ** (firstLine + at)),
  }
}

const linear = (low: number, high: number): Scale => {
  const [from, to] = [Math.min(0, low), Math.max(0, high)]
  const width = to - from || 1
  return { position: (value) => clamp((value - from) / width), lines: [0] }
}

const clamp = (position: number): number => Math.min(1, Math.max(0, position))

/** Not by spreading: there may be hundreds of thousands of samples. */
const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)

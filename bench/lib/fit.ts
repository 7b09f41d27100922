export interface Point {
  readonly x: number
  readonly y: number
}

/** The line `intercept + slope × x` through the points with the least squared distance; NaN without two values of x. */
export const leastSquares = (points: readonly Point[]): { slope: number; intercept: number } => {
  const [x, y] = [meanOf(points.map((point) => point.x)), meanOf(points.map((point) => point.y))]
  let [products, squares] = [0, 0]
  for (const point of points) {
    products += (point.x - x) * (point.y - y)
    squares += (point.x - x) ** 2
  }
  const slope = squares === 0 ? Number.NaN : products / squares
  return { slope, intercept: y - slope * x }
}

/**
 * The exponent p of the power `x ** p` with which y grows: 1 is linear, less is sub-linear. For positive x and y.
 */
export const growthExponent = (points: readonly Point[]): number =>
  leastSquares(points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }))).slope

/**
 * The growth of y from the smallest to the largest x, divided by that of log x: at most 1 for what grows no faster
 * than the logarithm. For x above 1 and positive y.
 */
export const growthOverLogarithm = (points: readonly Point[]): number => {
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first === undefined || last === undefined || first.x === last.x) return Number.NaN
  return last.y / first.y / (Math.log(last.x) / Math.log(first.x))
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

import type { Values } from './down-sample.ts'

/** The upper edge of each series when they stand on each other. A row without any value stays a gap. */
export const stack = (series: readonly Values[]): Values[] => {
  const edges: Values[] = series.map(() => [])
  const rows = Math.max(0, ...series.map(({ length }) => length))
  for (let row = 0; row < rows; row += 1) {
    const isGap = series.every((values) => (values[row] ?? null) === null)
    let edge = 0
    for (const [at, values] of series.entries()) {
      edge += values[row] ?? 0
      edges[at]?.push(isGap ? null : edge)
    }
  }
  return edges
}

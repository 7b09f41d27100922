import { useMemo } from 'react'
import { sparklineOf } from '../lib/sparkline-path.ts'

const strokePx = 1.5
const dotPx = 2.25

/**
 * A small line without axes; its current value stands beside it as text. Values that are not finite leave gaps; without
 * any it draws a baseline and keeps its size.
 */
export const Sparkline = ({
  values,
  label,
  width,
  height = 28,
  tone = 'plain',
}: {
  /** Oldest first, at equal distances in time. */
  values: ArrayLike<number>
  /** What the line shows, for screen readers. */
  label: string
  /** Of the picture (px); it becomes narrower where there is less room. */
  width: number
  /** Of the picture (px). */
  height?: number
  tone?: 'plain' | 'warning' | 'error'
}) => {
  const { path, end } = useMemo(() => sparklineOf(values, { width, height, inset: dotPx }), [values, width, height])
  return (
    <svg
      aria-label={label}
      className={`sparkline sparkline-${tone}`}
      height={height}
      role="img"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
    >
      {path === '' ? (
        <path className="sparkline-empty" d={`M0 ${height - dotPx}H${width}`} />
      ) : (
        <path d={path} strokeWidth={strokePx} />
      )}
      {end === undefined ? null : <circle cx={end.x} cy={end.y} r={dotPx} />}
    </svg>
  )
}

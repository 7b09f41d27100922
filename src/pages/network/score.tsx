import type { ReputationView } from '../../../workers/contract/telemetry-views.ts'
import { formatPercent, formatScore } from '../../text/numbers.ts'
import { peersText } from '../../text/peers.ts'

/** The weight of each part of a score (docs/protocol.md §10), in the order in which the bar shows them. */
export const scoreWeights = { success: 0.4, speed: 0.3, bandwidth: 0.2, recency: 0.1 } as const

export type ScorePart = keyof typeof scoreWeights

export const scoreParts = Object.keys(scoreWeights) as ScorePart[]

export const partsSentence = ({ success, speed, bandwidth, recency }: ReputationView['parts']): string =>
  peersText.scoreParts({
    success: formatPercent(success),
    speed: formatPercent(speed),
    bandwidth: formatPercent(bandwidth),
    recency: formatPercent(recency),
  })

/** Of the drawing; the bar takes the width that it is given. */
const width = 100
const height = 8
/** Parts are told apart by a gap and by lightness. */
const gap = 1
const lightest = 0.35

/** A score in [0, 1] as a number and a bar of its weighted parts; without parts as a plain bar. */
export const Score = ({ score, parts }: { score: number; parts: ReputationView['parts'] | undefined }) => (
  <span className="score">
    <span className="score-number">{formatScore(score)}</span>
    <svg
      aria-label={parts === undefined ? peersText.noScore : partsSentence(parts)}
      className="score-bar"
      preserveAspectRatio="none"
      role="img"
      viewBox={`0 0 ${width} ${height}`}
    >
      <title>{parts === undefined ? peersText.noScore : partsSentence(parts)}</title>
      <rect className="score-track" height={height} width={width} />
      {parts === undefined
        ? null
        : segmentsOf(parts).map(({ part, from, to, opacity }) => (
            <rect height={height} key={part} opacity={opacity} width={Math.max(0, to - from - gap)} x={from} />
          ))}
    </svg>
  </span>
)

const segmentsOf = (parts: ReputationView['parts']) => {
  let from = 0
  return scoreParts.map((part, index) => {
    const start = from
    from += Math.min(1, Math.max(0, parts[part])) * scoreWeights[part] * width
    return { part, from: start, to: from, opacity: 1 - (index / (scoreParts.length - 1)) * (1 - lightest) }
  })
}

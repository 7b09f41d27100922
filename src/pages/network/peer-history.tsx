import type { PeerDetailView } from '../../../workers/contract/telemetry-views.ts'
import { Sparkline } from '../../components/sparkline.tsx'
import { formatDuration, formatSpan } from '../../text/format.ts'
import { formatScore } from '../../text/numbers.ts'
import { peersText } from '../../text/peers.ts'

const width = 480
const height = 56

/** Round trip and score over the last hour, as two lines on one time. */
export const PeerHistory = ({ history: { times, scores, rttMs } }: { history: PeerDetailView['history'] }) => {
  const span = formatSpan((times.at(-1) ?? 0) - (times[0] ?? 0))
  return (
    <section className="panel">
      <h2>{peersText.history}</h2>
      <div className="peer-lines">
        <Line
          format={formatDuration}
          say={peersText.roundTripLine}
          span={span}
          title={peersText.roundTripHistory}
          values={rttMs}
        />
        <Line
          format={formatScore}
          say={peersText.scoreLine}
          span={span}
          title={peersText.scoreHistory}
          values={scores}
        />
      </div>
    </section>
  )
}

const Line = ({
  title,
  values,
  span,
  format,
  say,
}: {
  title: string
  values: Float64Array
  span: string
  format: (value: number) => string
  say: (values: { span: string; min: string; max: string; now: string }) => string
}) => {
  const known = values.filter(Number.isFinite)
  const isEmpty = known.length === 0
  const min = isEmpty ? '' : format(known.reduce((a, b) => Math.min(a, b)))
  const max = isEmpty ? '' : format(known.reduce((a, b) => Math.max(a, b)))
  const label = isEmpty ? peersText.emptyLine : say({ span, min, max, now: format(known.at(-1) ?? 0) })
  return (
    <figure>
      <figcaption>
        {title} <span className="hint">{isEmpty ? peersText.noHistory : peersText.range({ min, max })}</span>
      </figcaption>
      <Sparkline height={height} label={label} values={values} width={width} />
    </figure>
  )
}

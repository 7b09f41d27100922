import { useEffect, useRef, useState } from 'react'
import { toPingView } from '../../../workers/contract/ping-view.ts'
import { Button } from '../../components/button.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { formatDuration } from '../../text/format.ts'
import { peersText } from '../../text/peers.ts'
import { sayFailure } from '../../text/reasons.ts'

const pings = 5

interface Series {
  roundTripsMs: readonly (number | undefined)[]
  isRunning: boolean
  failure?: string
}

/** Pings the peer five times; each round trip is shown when it arrives. Ends when the page is left. */
export const Pings = ({ peerId }: { peerId: string }) => {
  const { ping } = useCommands()
  const [series, setSeries] = useState<Series>({ roundTripsMs: [], isRunning: false })
  const isLeft = useRef(false)
  useEffect(() => {
    isLeft.current = false
    return () => {
      isLeft.current = true
    }
  }, [])
  const run = async (): Promise<void> => {
    const roundTripsMs: (number | undefined)[] = []
    setSeries({ roundTripsMs, isRunning: true })
    while (roundTripsMs.length < pings) {
      const answer = await ping(peerId, 1)
      if (isLeft.current) return
      if (isFailureView(answer)) {
        setSeries({ roundTripsMs: [...roundTripsMs], isRunning: false, failure: sayFailure(answer) })
        return
      }
      roundTripsMs.push(answer.roundTripsMs[0])
      setSeries({ roundTripsMs: [...roundTripsMs], isRunning: roundTripsMs.length < pings })
    }
  }
  const { roundTripsMs, isRunning, failure } = series
  return (
    <section className="panel">
      <h2>{peersText.pings}</h2>
      <div className="pings">
        <Button disabled={isRunning} icon="ping" onClick={() => void run()}>
          {isRunning ? peersText.pinging({ number: roundTripsMs.length + 1, of: pings }) : peersText.pingNow}
        </Button>
        <ol aria-label={peersText.pings} className="ping-row">
          {Array.from({ length: pings }, (_, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a ping is its place in the series
            <li key={at}>{at < roundTripsMs.length ? sayRoundTrip(roundTripsMs[at]) : null}</li>
          ))}
        </ol>
      </div>
      <p aria-live="polite" className="ping-summary">
        {failure ?? (isRunning ? '' : summaryOf(roundTripsMs))}
      </p>
    </section>
  )
}

const sayRoundTrip = (roundTripMs: number | undefined): string =>
  roundTripMs === undefined ? peersText.lost : formatDuration(roundTripMs)

const summaryOf = (roundTripsMs: readonly (number | undefined)[]): string => {
  if (roundTripsMs.length === 0) return peersText.noPings
  const { minMs, medianMs, maxMs } = toPingView(roundTripsMs)
  if (minMs === undefined || medianMs === undefined || maxMs === undefined) return peersText.allLost
  return peersText.pingSummary({
    min: formatDuration(minMs),
    median: formatDuration(medianMs),
    max: formatDuration(maxMs),
  })
}

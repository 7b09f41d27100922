import './telemetry-switch.css'
import { useId, useState } from 'react'
import type { TelemetryOptions, TelemetryView } from '../../../workers/contract/telemetry-views.ts'
import { useCommands } from '../../hooks/use-app.ts'
import { usePolled } from '../../hooks/use-polled.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { formatPercent } from '../../text/numbers.ts'
import { sayFailure } from '../../text/reasons.ts'
import { telemetryText } from '../../text/telemetry.ts'

/** Interval of the collector's state (ms). */
const renewMs = 10_000

const ratios = [1, 0.5, 0.1, 0.01] as const

/** Switches the export of traces and metrics; off unless a person switched it on. */
export const TelemetrySwitch = () => {
  const noteId = useId()
  const { telemetry, setTelemetry } = useCommands()
  /** The last answer to a change: newer than what was polled before it. */
  const [changed, setChanged] = useState<{ view: TelemetryView; over: unknown }>()
  const [failure, setFailure] = useState<string>()
  /** A change on its way, which is shown at once. The controls stay enabled meanwhile, so that they keep the focus. */
  const [wanted, setWanted] = useState<TelemetryOptions>()
  const polled = usePolled(telemetry, renewMs)
  const known = polled === undefined || isFailureView(polled) ? undefined : polled
  const view = changed !== undefined && changed.over === polled ? changed.view : known

  const change = async (options: TelemetryOptions): Promise<void> => {
    if (wanted !== undefined) return
    setWanted(options)
    setFailure(undefined)
    const answer = await setTelemetry(options)
    setWanted(undefined)
    if (isFailureView(answer)) setFailure(sayFailure(answer))
    else setChanged({ view: answer, over: polled })
  }

  const isOn = (wanted ?? view)?.export === true
  const ratio = wanted?.ratio ?? view?.ratio ?? 1
  // Switching off is always possible.
  const isFixed = view === undefined || (view.collector === 'absent' && !isOn && wanted === undefined)
  return (
    <section className="panel telemetry">
      <h2>{telemetryText.title}</h2>
      <p className="hint">{telemetryText.off}</p>
      <div className="telemetry-controls">
        <label className="telemetry-switch">
          <input
            aria-describedby={noteId}
            aria-checked={isOn}
            checked={isOn}
            disabled={isFixed}
            onChange={() => void change({ export: !isOn })}
            role="switch"
            type="checkbox"
          />
          <span>{telemetryText.switch}</span>
        </label>
        <label className="telemetry-ratio">
          <span>{telemetryText.ratio}</span>
          <select
            disabled={!isOn}
            onChange={({ target: { value } }) => void change({ export: isOn, ratio: Number(value) })}
            value={String(ratio)}
          >
            {ratiosWith(ratio).map((ratio) => (
              <option key={ratio} value={String(ratio)}>
                {formatPercent(ratio)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <output className="telemetry-note" id={noteId}>
        {failure ?? (view === undefined ? telemetryText.loading : telemetryText.collector(view.collector))}
      </output>
      <details>
        <summary>{telemetryText.what}</summary>
        <div className="telemetry-lists">
          <div>
            <h3>{telemetryText.sent}</h3>
            <ul>
              <li>{telemetryText.sentTimes}</li>
              <li>{telemetryText.sentMetrics}</li>
              <li>{telemetryText.sentPackages}</li>
              <li>{telemetryText.sentPeers}</li>
              <li>{telemetryText.sentEngine}</li>
              <li>{telemetryText.sentTraceIds}</li>
            </ul>
          </div>
          <div>
            <h3>{telemetryText.notSent}</h3>
            <ul>
              <li>{telemetryText.notSentContent}</li>
              <li>{telemetryText.notSentNames}</li>
              <li>{telemetryText.notSentAddresses}</li>
            </ul>
          </div>
        </div>
      </details>
    </section>
  )
}

/** A script may have chosen another one. */
const ratiosWith = (current: number): number[] => {
  const all: number[] = [...ratios]
  if (!all.includes(current)) all.push(current)
  return all.sort((a, b) => b - a)
}

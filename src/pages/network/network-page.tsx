import './network.css'
import { useEffect, useMemo, useRef, useState } from 'react'
import { createChartGroup } from '../../charts/chart-group.ts'
import { useSampleFeed } from '../../charts/use-sample-feed.ts'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState, useCommands } from '../../hooks/use-app.ts'
import { usePolled } from '../../hooks/use-polled.ts'

import { useTitle } from '../../hooks/use-title.ts'
import { networkLine } from '../../store/selectors.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { networkText } from '../../text/network.ts'
import { Charts } from './charts.tsx'
import { Connect } from './connect.tsx'
import { Lookups } from './lookups.tsx'
import { Objectives } from './objectives.tsx'
import { Peers } from './peers.tsx'
import { Relays } from './relays.tsx'
import { Self } from './self.tsx'
import { Steps } from './steps.tsx'
import { TelemetrySwitch } from './telemetry-switch.tsx'
import { chartRangeOf, type RangeName, TimeControls } from './time-controls.tsx'
import { Topology } from './topology.tsx'
import { Traces } from './traces.tsx'

/** Refresh interval of the peers while visible (ms): the picture moves with their traffic. */
const renewMs = 1_000

/** Whether all is well, and the proof: objectives, peers, charts, traces; then relays and this profile. */
export default function NetworkPage() {
  useTitle(networkText.tabTitle)
  const status = useAppState((state) => state.status)
  const sentence = useAppState((state) => networkLine(state).sentence)
  const feed = useSampleFeed()
  const [group] = useState(createChartGroup)
  const [rangeName, setRangeName] = useState<RangeName>('quarter')
  const range = useMemo(() => chartRangeOf(rangeName), [rangeName])
  const connections = status?.connections
  const { loadPeers } = useCommands()
  const isOpened = useRef(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another number of connections is another table
  useEffect(() => {
    if (isOpened.current) void loadPeers()
    isOpened.current = true
  }, [loadPeers, connections])
  usePolled(loadPeers, renewMs)
  if (status === undefined) {
    return (
      <h1 className="page-loading">
        <Icon className="spin" name="working" /> {networkText.starting}
      </h1>
    )
  }
  return (
    <div className="network">
      <div className="page-head">
        <h1>{networkText.title}</h1>
        <p className="page-sum">{sentence}</p>
        <TimeControls feed={feed} group={group} onRange={setRangeName} range={rangeName} />
      </div>
      <Part name={drawingFailureText.steps} of={status}>
        <Steps status={status} />
      </Part>
      <div className="slot slot-objectives">
        <Part name={drawingFailureText.objectives} of={status}>
          <Objectives />
        </Part>
      </div>
      <div className="network-pair">
        <div className="slot slot-topology">
          <Part name={drawingFailureText.topology} of={status}>
            <Topology />
          </Part>
        </div>
        <div className="slot slot-peers">
          <Part name={drawingFailureText.peers} of={status}>
            <Peers />
          </Part>
        </div>
      </div>
      <Part name={drawingFailureText.charts} of={status}>
        <Charts feed={feed} group={group} range={range} />
      </Part>
      <div className="slot slot-traces">
        <Part name={drawingFailureText.traces} of={status}>
          <Traces />
        </Part>
      </div>
      <div className="network-ends">
        <Part name={drawingFailureText.relays} of={status}>
          <Relays relays={status.relays} />
        </Part>
        <Part name={drawingFailureText.connect}>
          <Connect />
        </Part>
        <Part name={drawingFailureText.self} of={status}>
          <Self status={status} />
        </Part>
        <Part name={drawingFailureText.lookups} of={status}>
          <Lookups />
        </Part>
        <Part name={drawingFailureText.telemetry}>
          <TelemetrySwitch />
        </Part>
      </div>
    </div>
  )
}

import { createHash, randomBytes } from 'node:crypto'
import { wallNow } from '../../workers/stack/steady-date.ts'
import { noTelemetry } from '../../workers/telemetry/no-telemetry.ts'
import { createSpanRecorder } from '../../workers/telemetry/span-recorder.ts'
import type { Tracer } from '../../workers/telemetry/telemetry.ts'
import type { CollectorAddress } from '../otlp/collector.ts'
import type { ExportOptions } from './export.ts'
import { createFigures, type Figures, type FigureTable } from './figures.ts'
import { observeProcess, readVersion } from './process-figures.ts'

export interface PartTelemetry<Name extends string> {
  tracer: Tracer
  figures: Figures<Name>
  /** The same for the same peer until the process ends, and of no use to find the peer. */
  hashPeer(peer: string): string
  stop(): Promise<void>
}

/** Share of the traces that are exported, where a relay would have too many; failed ones are always. */
const shareByName: Readonly<Record<string, number>> = { gossip_receive: 0.1, dht_request: 0.1, http_request: 0.1 }

/** Creates the figures of a part's process and, when there is a collector, exports them and its spans. */
export const startPartTelemetry = async <Part extends 'relay' | 'page', Name extends string>(
  part: Part,
  table: FigureTable<Name>,
  collector: CollectorAddress | undefined,
  intervals: Pick<ExportOptions, 'metricsIntervalMs' | 'spansIntervalMs'> = {},
): Promise<PartTelemetry<Name>> => {
  const figures = createFigures(table)
  const stopObserving = observeProcess(part, figures as unknown as Parameters<typeof observeProcess<Part>>[1])
  const salt = randomBytes(16)
  const hashPeer = (peer: string): string =>
    createHash('sha256').update(salt).update(peer).digest('hex').slice(0, hashCharacters)

  if (collector === undefined)
    return { tracer: noTelemetry.tracer, figures, hashPeer, stop: async () => stopObserving() }
  const { startExport } = await import('./export.ts')
  const exporting = startExport({
    ...intervals,
    collector,
    figures: figures as Figures,
    service: { name: `ggen-${part}`, version: readVersion(), instance: randomBytes(8).toString('hex') },
  })
  const tracer = createSpanRecorder({
    clocks: { wall: wallNow, monotonic: () => performance.now() },
    random: Math.random,
    exportRatio: () => 1,
    keeps: ({ name, hasFailed }) => hasFailed || Math.random() < (shareByName[name] ?? 1),
    onTrace: exporting.onTrace,
  })
  return {
    tracer,
    figures,
    hashPeer,
    async stop() {
      stopObserving()
      await exporting.stop()
    },
  }
}

const hashCharacters = 16

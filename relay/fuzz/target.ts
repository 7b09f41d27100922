import { join } from 'node:path'
import { createUncaughtErrors } from '../../workers/stack/uncaught-errors.ts'
import { readConfig } from '../config.ts'
import { startPageServer } from '../http.ts'
import { keepServing } from '../keep-serving.ts'
import { createForwarding } from '../otlp/forward.ts'
import { startRelay } from '../start-relay.ts'
import { startPageTelemetry } from '../telemetry/page-telemetry.ts'

/**
 * Process under attack: relay and page server. Started by `fork` with `--expose-gc`; the message `measure` makes it
 * report the resources it holds.
 */
export interface Measure {
  /** Heap and array buffers after garbage collection (bytes). */
  held: number
  /** Open sockets, without listening ones. */
  sockets: number
  connections: number
  /** Errors that reached the process since its start, and their log lines. */
  faults: number
  lines: string[]
}

export interface Started {
  relay: string
  relayPort: number
  pagePort: number
}

export type FromTarget = { kind: 'started'; started: Started } | { kind: 'measure'; measure: Measure }

const lines: string[] = []
const uncaughtErrors = createUncaughtErrors({ log: (line) => lines.push(line), now: () => performance.now() })
keepServing(uncaughtErrors, () => process.exit(1))

const environment = { ...process.env, PORT: '0', RELAY_PORT: '0', METRICS: 'on' }
const config = readConfig(environment, join(import.meta.dirname, '../..'))
const onError = (error: Error): void => void uncaughtErrors.take(error)
const relay = await startRelay(config, onError)
const telemetry = await startPageTelemetry(config, relay.metricsText)
// Nothing listens at port 1, so each post also fails. What the processes export themselves would open sockets at any time.
const otlp = createForwarding({
  collector: { endpoint: 'http://127.0.0.1:1', headers: {} },
  now: () => performance.now(),
})
const page = await startPageServer({
  folder: config.pageFolder,
  host: config.host,
  port: config.port,
  relaysFor: (host) => [relay.addressFor(host)],
  health: relay.health,
  ...telemetry.serving,
  otlp,
  onError,
})

const measure = async (): Promise<Measure> => {
  // Finalizers may release more objects for the next collection.
  for (let times = 0; times < 3; times += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    held: heapUsed + arrayBuffers,
    sockets: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    connections: relay.node.getConnections().length,
    faults: uncaughtErrors.count(),
    lines,
  }
}

const send = (message: FromTarget): void => void process.send?.(message)

process.on('message', async () => send({ kind: 'measure', measure: await measure() }))
process.on('disconnect', () => process.exit(0))
send({ kind: 'started', started: { relay: relay.addressFor(undefined), relayPort: relay.port, pagePort: page.port } })

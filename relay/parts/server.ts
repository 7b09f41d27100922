import { join } from 'node:path'
import type { RelayHealth } from '../create-relay.ts'
import { createPendingRequests } from './pending-requests.ts'
import { type Part, supervise } from './supervise.ts'

const script = (name: string): string => join(import.meta.dirname, name)
const log = (line: string): void => console.error(line)

export interface RelayPart {
  part: Part
  /** The relay's multiaddrs, which restarts do not change. */
  started: Promise<readonly string[]>
  /** Undefined while it is down. */
  health(): Promise<RelayHealth | undefined>
  /** Its metrics as Prometheus text; undefined while it is down. */
  metrics(): Promise<string | undefined>
}

/** Starts the relay in its own process. `onAddresses` runs after each start of that process. */
export const startRelayPart = (onAddresses: (addresses: string[]) => void = () => {}): RelayPart => {
  const requests = createPendingRequests<RelayHealth>()
  const metricsRequests = createPendingRequests<string>()
  const part = supervise({
    name: 'relay',
    script: script('relay.ts'),
    portVariable: 'RELAY_PORT',
    onReady: ({ addresses }) => onAddresses(addresses),
    onMessage(message) {
      if (message.kind === 'health') requests.settle(message.requestId, message.health)
      else if (message.kind === 'metrics') metricsRequests.settle(message.requestId, message.text)
    },
    log,
  })
  return {
    part,
    started: part.started.then(({ addresses }) => addresses),
    health: () => requests.send((requestId) => part.send({ kind: 'health-request', requestId })),
    metrics: () => metricsRequests.send((requestId) => part.send({ kind: 'metrics-request', requestId })),
  }
}

export interface PagePart {
  part: Part
  /** Origin of the page, without a trailing slash. */
  started: Promise<string>
  setRelay(addresses: string[]): void
}

/** Starts the page server in its own process, which asks the relay for its health and metrics. */
export const startPagePart = ({ health, metrics }: Pick<RelayPart, 'health' | 'metrics'>): PagePart => {
  let addresses: string[] = []
  const sendAddresses = (): void => void part.send({ kind: 'addresses', addresses })
  const part = supervise({
    name: 'page server',
    script: script('page.ts'),
    portVariable: 'PORT',
    onReady: sendAddresses,
    onMessage(message) {
      if (message.kind !== 'health-request' && message.kind !== 'metrics-request') return
      const { kind, requestId } = message
      const sending =
        kind === 'health-request'
          ? health().then((health) => part.send({ kind: 'health', requestId, health }))
          : metrics().then((text) => part.send({ kind: 'metrics', requestId, text }))
      sending.catch(log)
    },
    log,
  })
  return {
    part,
    started: part.started.then(({ addresses: [address = ''] }) => address),
    setRelay(current) {
      addresses = current
      sendAddresses()
    },
  }
}

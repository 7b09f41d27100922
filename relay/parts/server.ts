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
}

/** Starts the relay in its own process. `onAddresses` runs after each start of that process. */
export const startRelayPart = (onAddresses: (addresses: string[]) => void = () => {}): RelayPart => {
  const requests = createPendingRequests<RelayHealth>()
  const part = supervise({
    name: 'relay',
    script: script('relay.ts'),
    portVariable: 'RELAY_PORT',
    onReady: ({ addresses }) => onAddresses(addresses),
    onMessage(message) {
      if (message.kind === 'health') requests.settle(message.requestId, message.health)
    },
    log,
  })
  return {
    part,
    started: part.started.then(({ addresses }) => addresses),
    health: () => requests.send((requestId) => part.send({ kind: 'health-request', requestId })),
  }
}

export interface PagePart {
  part: Part
  /** Origin of the page, without a trailing slash. */
  started: Promise<string>
  setRelay(addresses: string[]): void
}

/** Starts the page server in its own process; `health` returns the relay's health. */
export const startPagePart = (health: () => Promise<RelayHealth | undefined>): PagePart => {
  let addresses: string[] = []
  const sendAddresses = (): void => void part.send({ kind: 'addresses', addresses })
  const part = supervise({
    name: 'page server',
    script: script('page.ts'),
    portVariable: 'PORT',
    onReady: sendAddresses,
    onMessage(message) {
      if (message.kind !== 'health-request') return
      const { requestId } = message
      health()
        .then((health) => part.send({ kind: 'health', requestId, health }))
        .catch(log)
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

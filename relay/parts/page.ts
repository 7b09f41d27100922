import { join } from 'node:path'
import { addressFor } from '../address-for.ts'
import { readConfig } from '../config.ts'
import type { RelayHealth } from '../create-relay.ts'
import { startPageServer } from '../http.ts'
import { runPart } from './part.ts'
import { createPendingRequests } from './pending-requests.ts'

/** Process of the page server. It needs the relay only for its addresses and for `/healthz`. */
await runPart(async ({ send, onError }) => {
  const config = readConfig(process.env, join(import.meta.dirname, '../..'))
  const requests = createPendingRequests<RelayHealth>()
  let addresses: string[] = []
  const server = await startPageServer({
    folder: config.pageFolder,
    host: config.host,
    port: config.port,
    relaysFor: (host) => (addresses.length === 0 ? [] : [addressFor(addresses, host)]),
    health: () =>
      requests.send((requestId) => {
        send({ kind: 'health-request', requestId })
        return true
      }),
    onError,
  })
  return {
    ready: { kind: 'ready', port: server.port, addresses: [server.address] },
    onMessage(message) {
      if (message.kind === 'addresses') addresses = message.addresses
      else if (message.kind === 'health') requests.settle(message.requestId, message.health)
    },
    stop: server.stop,
  }
})

import { join } from 'node:path'
import { addressFor } from '../address-for.ts'
import { readConfig } from '../config.ts'
import type { RelayHealth } from '../create-relay.ts'
import { startPageServer } from '../http.ts'
import { startPageTelemetry } from '../telemetry/page-telemetry.ts'
import { runPart } from './part.ts'
import { createPendingRequests } from './pending-requests.ts'

/** Process of the page server. It needs the relay only for its addresses, `/healthz` and `/metrics`. */
await runPart(async ({ send, onError }) => {
  const config = readConfig(process.env, join(import.meta.dirname, '../..'))
  const healthRequests = createPendingRequests<RelayHealth>()
  const metricsRequests = createPendingRequests<string>()
  const telemetry = await startPageTelemetry(config, () =>
    metricsRequests.send((requestId) => {
      send({ kind: 'metrics-request', requestId })
      return true
    }),
  )
  let addresses: string[] = []
  const server = await startPageServer({
    folder: config.pageFolder,
    host: config.host,
    port: config.port,
    relaysFor: (host) => (addresses.length === 0 ? [] : [addressFor(addresses, host)]),
    health: () =>
      healthRequests.send((requestId) => {
        send({ kind: 'health-request', requestId })
        return true
      }),
    ...telemetry.serving,
    onError,
  })
  return {
    ready: { kind: 'ready', port: server.port, addresses: [server.address] },
    onMessage(message) {
      if (message.kind === 'addresses') addresses = message.addresses
      else if (message.kind === 'health') healthRequests.settle(message.requestId, message.health)
      else if (message.kind === 'metrics') metricsRequests.settle(message.requestId, message.text)
    },
    async stop() {
      await server.stop()
      await telemetry.stop()
    },
  }
})

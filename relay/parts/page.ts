import { join } from 'node:path'
import { addressFor } from '../address-for.ts'
import { readConfig } from '../config.ts'
import type { RelayHealth } from '../create-relay.ts'
import { startPageServer } from '../http.ts'
import { runPart } from './part.ts'
import { createQuestions } from './questions.ts'

/** The process of the page's server. It needs the relay for `/healthz` only, and for its address once. */
await runPart(async ({ send, onError }) => {
  const config = readConfig(process.env, join(import.meta.dirname, '../..'))
  const questions = createQuestions<RelayHealth>()
  let addresses: string[] = []
  const server = await startPageServer({
    folder: config.pageFolder,
    host: config.host,
    port: config.port,
    relaysFor: (host) => (addresses.length === 0 ? [] : [addressFor(addresses, host)]),
    health: () =>
      questions.ask((question) => {
        send({ kind: 'ask-health', question })
        return true
      }),
    onError,
  })
  return {
    ready: { kind: 'ready', port: server.port, addresses: [server.address] },
    onMessage(message) {
      if (message.kind === 'addresses') addresses = message.addresses
      else if (message.kind === 'health') questions.answer(message.question, message.health)
    },
    stop: server.stop,
  }
})

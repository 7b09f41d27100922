import { join } from 'node:path'
import { createServer, type Plugin } from 'vite'
import { addressFor } from '../relay/address-for.ts'
import { readConfig } from '../relay/config.ts'
import { startRelayPart } from '../relay/parts/server.ts'
import { runUntilSignal } from '../relay/process.ts'

/** Runs Vite's development server for the page and, in a second process, a relay. */
await runUntilSignal(async (onStop) => {
  const project = join(import.meta.dirname, '..')
  const config = readConfig(process.env, project)
  const relay = startRelayPart()
  onStop(relay.part.stop)
  const addresses = await relay.started

  const relaysJson: Plugin = {
    name: 'relays-json',
    configureServer({ middlewares }) {
      middlewares.use('/relays.json', (request, response) => {
        response.setHeader('Content-Type', 'application/json; charset=utf-8')
        response.setHeader('Cache-Control', 'no-store')
        response.end(JSON.stringify({ relays: [addressFor(addresses, request.headers.host)] }))
      })
    },
  }
  const vite = await createServer({
    root: project,
    server: { host: config.host, port: config.port, strictPort: config.port !== 0 },
    plugins: [relaysJson],
  })
  onStop(() => vite.close())
  await vite.listen()
  const url = vite.resolvedUrls?.local[0] ?? vite.resolvedUrls?.network[0] ?? ''
  console.log(`page: ${url.replace(/\/$/, '')}`)
  console.log(`relay: ${addressFor(addresses, undefined)}`)
})

import { join } from 'node:path'
import { createServer, type Plugin } from 'vite'
import { readConfig } from '../relay/config.ts'
import { runUntilSignal } from '../relay/process.ts'
import { startRelay } from '../relay/start-relay.ts'

/** Development: Vite's server for the page, with reload, and a relay, in one process. */
await runUntilSignal(async (onStop) => {
  const project = join(import.meta.dirname, '..')
  const config = readConfig(process.env, project)
  const relay = await startRelay(config)
  onStop(relay.stop)

  const relaysJson: Plugin = {
    name: 'relays-json',
    configureServer({ middlewares }) {
      middlewares.use('/relays.json', (request, response) => {
        response.setHeader('Content-Type', 'application/json; charset=utf-8')
        response.setHeader('Cache-Control', 'no-store')
        response.end(JSON.stringify({ relays: [relay.addressFor(request.headers.host)] }))
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
  console.log(`relay: ${relay.addressFor(undefined)}`)
})

import { join } from 'node:path'
import { installSteadyDate } from '../workers/stack/steady-date.ts'
import { readConfig } from './config.ts'
import { startPageServer } from './http.ts'
import { runUntilSignal } from './process.ts'
import { startRelay } from './start-relay.ts'

// Before anything measures a duration by it.
installSteadyDate()

/** The relay and the page's server, configured by environment variables (config.ts), until SIGINT or SIGTERM. */
await runUntilSignal(async (onStop) => {
  const config = readConfig(process.env, join(import.meta.dirname, '..'))
  const relay = await startRelay(config)
  onStop(relay.stop)
  const page = await startPageServer({
    folder: config.pageFolder,
    host: config.host,
    port: config.port,
    relaysFor: (host) => [relay.addressFor(host)],
    health: relay.health,
  })
  onStop(page.stop)
  console.log(`page: ${page.address}`)
  console.log(`relay: ${relay.addressFor(undefined)}`)
})

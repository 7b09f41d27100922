import { join } from 'node:path'
import { addressFor } from './address-for.ts'
import { readConfig } from './config.ts'
import { startPagePart, startRelayPart } from './parts/server.ts'
import { runUntilSignal } from './process.ts'

/**
 * Runs the relay and the page server, configured by environment variables (config.ts), until SIGINT or SIGTERM. Each has
 * its own process, which is restarted when it ends, so a crash of one leaves the other running.
 */
await runUntilSignal(async (onStop) => {
  readConfig(process.env, join(import.meta.dirname, '..'))
  const relay = startRelayPart((addresses) => page.setRelay(addresses))
  onStop(relay.part.stop)
  const page = startPagePart(relay)
  onStop(page.part.stop)
  const [addresses, address] = await Promise.all([relay.started, page.started])
  console.log(`page: ${address}`)
  console.log(`relay: ${addressFor(addresses, undefined)}`)
})

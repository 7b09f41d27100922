import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/shell.css'
import { createEngineClient } from './engine/client.ts'
import { keepUpdates } from './engine/kept-updates.ts'
import { watchWake } from './engine/wake.ts'
import { parseProfile } from './routes.ts'
import { loadFailure } from './text/load-failure.ts'
import { createGgen } from './window-ggen.ts'

/** Composition root of the page: the engine, what scripts see of it, and then the drawing. */
const { profile = 'default', relays, debug } = parseProfile(location.search)
const client = createEngineClient({ profile, relays, debug, iceServers: [] })
window.ggen = createGgen(client)
// An engine that could not be started says so elsewhere.
watchWake((reason) => void client.wake(reason).catch(() => {}))

// A part of its own, so that the engine's worker starts while the browser still reads it (vite.config.ts has it fetched
// at once).
const updates = keepUpdates(client)
import('./mount.tsx')
  .then(({ draw }) => draw(client, updates))
  .catch((error: unknown) => {
    // Without it there is nothing that could say so in a better way.
    document.body.append(loadFailure)
    throw error
  })

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

/** Composition root of the page: starts the engine, exposes it to scripts, then loads the interface. */
const { profile = 'default', relays, debug } = parseProfile(location.search)
const client = createEngineClient({ profile, relays, debug, iceServers: [] })
window.ggen = createGgen(client)
// A failed start is reported through `client.ready`.
watchWake((reason) => void client.wake(reason).catch(() => {}))

// A chunk of its own, so that the engine's worker starts while the browser still parses it (vite.config.ts preloads it).
const updates = keepUpdates(client)
import('./mount.tsx')
  .then(({ draw }) => draw(client, updates))
  .catch((error: unknown) => {
    // The components that could show this better are in the chunk that failed.
    document.body.append(loadFailure)
    throw error
  })

import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/shell.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { createEngineClient } from './engine/client.ts'
import { watchWake } from './engine/wake.ts'
import { AppContext } from './hooks/use-app.ts'
import { readTheme } from './lib/theme.ts'
import { createLinks, parseProfile } from './routes.ts'
import { createCommands } from './store/commands.ts'
import { createPageStore } from './store/store.ts'
import { createGgen } from './window-ggen.ts'

/** Composition root of the page: the engine, what scripts see of it, the store, and the drawing. */
const { profile = 'default', relays } = parseProfile(location.search)
const client = createEngineClient({ profile, relays, iceServers: [] })
window.ggen = createGgen(client)
// An engine that could not be started says so elsewhere.
watchWake((reason) => void client.wake(reason).catch(() => {}))

const store = createPageStore(readTheme())
const commands = createCommands(client, store)
commands.start()

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element #root.')
createRoot(root).render(
  <StrictMode>
    <AppContext value={{ store, commands, links: createLinks(location.search) }}>
      <App />
    </AppContext>
  </StrictMode>,
)

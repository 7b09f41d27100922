import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import type { EngineClient } from './engine/client.ts'
import type { keepUpdates } from './engine/kept-updates.ts'
import { AppContext } from './hooks/use-app.ts'
import { readTheme } from './lib/theme.ts'
import { createLinks } from './routes.ts'
import { createCommands } from './store/commands.ts'
import { createPageStore } from './store/store.ts'

/**
 * Draws the page: the store of what the engine tells, and has told before, the commands that a person can give, and the
 * components.
 */
export const draw = (client: EngineClient, { take }: ReturnType<typeof keepUpdates>): void => {
  const store = createPageStore(readTheme())
  const commands = createCommands(client, store)
  commands.start(take())

  const root = document.getElementById('root')
  if (root === null) throw new Error('index.html has no element #root.')
  createRoot(root).render(
    <StrictMode>
      <AppContext value={{ store, commands, links: createLinks(location.search) }}>
        <App />
      </AppContext>
    </StrictMode>,
  )
}

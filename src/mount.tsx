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
 * Mounts the page: the store, fed with engine updates including those received so far, the commands and the components.
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

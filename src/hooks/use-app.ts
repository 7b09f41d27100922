import { createContext, useContext } from 'react'
import { useStore } from 'zustand'
import type { Links } from '../routes.ts'
import type { Commands } from '../store/commands.ts'
import type { State } from '../store/state.ts'
import type { AppStore } from '../store/store.ts'

/** Store, commands and links as composed in mount.tsx, for every component. */
export interface App {
  store: AppStore
  commands: Commands
  links: Links
}

export const AppContext = createContext<App | undefined>(undefined)

export const useApp = (): App => {
  const app = useContext(AppContext)
  if (app === undefined) throw new Error('There is no AppContext above this component.')
  return app
}

/** A part of the state; the selector must return the same value for the same state. */
export const useAppState = <T>(selector: (state: State) => T): T => useStore(useApp().store, selector)

export const useCommands = (): Commands => useApp().commands

export const useLinks = (): Links => useApp().links

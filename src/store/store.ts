import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Theme } from '../lib/theme.ts'
import { initialState, type State } from './state.ts'

export type AppStore = StoreApi<State>

export const createPageStore = (theme: Theme): AppStore => createStore<State>(() => initialState(theme))

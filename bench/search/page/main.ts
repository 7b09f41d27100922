import { wrap } from 'comlink'
import type { SearchBenchCommands } from './worker.ts'

const worker = wrap<SearchBenchCommands>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))

Object.assign(window, { bench: { worker } })

import { gzipSync } from 'node:zlib'
import type { Plugin, Rolldown } from 'vite'

/** Limit on what a browser loads before a part of the application works. */
export interface FirstLoadBudget {
  /** Name in the output of the build, such as `page`. */
  readonly name: string
  /** Path suffixes of modules that the entry imports dynamically while it starts. Each must be a separate chunk. */
  readonly importedAtStart: readonly string[]
  /** Limit on the sum of all scripts and styles, each compressed separately (KiB, gzip). */
  readonly maxKiB: number
}

/** Prints the size of the first load and fails the build when it exceeds the budget. */
export const limitFirstLoad = (budget: FirstLoadBudget): Plugin => ({
  name: `first-load-${budget.name}`,
  apply: 'build',
  enforce: 'post',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      const sizes = firstLoadOf(bundle, budget.importedAtStart).map(({ file, content }) => ({
        file,
        bytes: gzipSync(content).length,
      }))
      const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
      console.log(`first load of the ${budget.name}: ${toKiB(total)} KiB gzip, limit ${budget.maxKiB}`)
      if (total <= budget.maxKiB * 1024) return
      const parts = sizes.map(({ file, bytes }) => `\n  ${toKiB(bytes)} KiB ${file}`)
      this.error(`The first load of the ${budget.name} is above its limit of ${budget.maxKiB} KiB:${parts.join('')}`)
    },
  },
})

interface LoadedFile {
  readonly file: string
  readonly content: string | Uint8Array
}

/** Returns the entries and their imports at start, with all static imports and styles. Source maps do not count. */
const firstLoadOf = (bundle: Rolldown.OutputBundle, importedAtStart: readonly string[]): LoadedFile[] => {
  const chunks = Object.values(bundle).filter((output) => output.type === 'chunk')
  const startModules = importedAtStart.map((module) => {
    const found = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(module))
    if (found === undefined) throw new Error(`${module} counts as loaded at start but is not a separate chunk.`)
    return found.fileName
  })
  const waiting = [...chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName), ...startModules]
  const files = new Map<string, LoadedFile>()
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const output = bundle[file]
    if (output === undefined || files.has(file)) continue
    files.set(file, { file, content: output.type === 'chunk' ? output.code : output.source })
    if (output.type === 'chunk') waiting.push(...output.imports, ...(output.viteMetadata?.importedCss ?? []))
  }
  return [...files.values()]
}

const toKiB = (bytes: number): string => (bytes / 1024).toFixed(1)

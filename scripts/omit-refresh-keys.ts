import type { Plugin } from 'vite'

/** A table of 32,768 keys: half of kad-dht, 48 KiB of gzip. */
const keys = '/kad-dht/dist/src/routing-table/generated-prefix-list-browser.js'

/**
 * Leaves out the keys to which kad-dht walks when it refreshes its routing table, which no node here does
 * (workers/stack/routing-table.ts). Fails the build when kad-dht no longer has them where they are looked for.
 */
export const omitRefreshKeys = (): Plugin => {
  let isOmitted = false
  return {
    name: 'omit-refresh-keys',
    apply: 'build',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith(keys)) return undefined
      isOmitted = true
      return 'export default []'
    },
    buildEnd(error) {
      if (error === undefined && !isOmitted) this.error(`No module ${keys}: kad-dht keeps its refresh keys elsewhere.`)
    },
  }
}

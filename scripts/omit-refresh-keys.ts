import type { Plugin } from 'vite'

/** A table of 32,768 keys: half of kad-dht, 48 KiB after gzip. */
const keys = '/kad-dht/dist/src/routing-table/generated-prefix-list-browser.js'

/**
 * Omits the keys that kad-dht looks up to refresh its routing table, which no node does here
 * (workers/stack/routing-table.ts). Fails the build when kad-dht has moved them.
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
      if (error === undefined && !isOmitted) this.error(`No module ${keys}: kad-dht has moved its refresh keys.`)
    },
  }
}

import type { Plugin } from 'vite'

/** Most of this module is the definition of 150 metrics, 6 KiB after gzip. */
const metrics = '/gossipsub/dist/src/metrics.js'

/** How its last function begins, which gossipsub calls only with a registry. */
const definition = 'export function getMetrics('

/**
 * Omits the metrics of gossipsub, which it defines only for a registry of metrics, and no tab gives it one. Fails the
 * build when gossipsub has moved them.
 */
export const omitGossipMetrics = (): Plugin => {
  let isOmitted = false
  return {
    name: 'omit-gossip-metrics',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      const start = id.endsWith(metrics) ? code.indexOf(definition) : -1
      if (start < 0) return undefined
      isOmitted = true
      return `${code.slice(0, start)}export const getMetrics = undefined\n`
    },
    buildEnd(error) {
      if (error === undefined && !isOmitted) this.error(`No metrics in ${metrics}: gossipsub has moved them.`)
    },
  }
}

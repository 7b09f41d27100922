import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { compressFolder } from './scripts/compress.ts'
import { limitFirstLoad } from './scripts/first-load.ts'
import { omitGossipMetrics } from './scripts/omit-gossip-metrics.ts'
import { omitRefreshKeys } from './scripts/omit-refresh-keys.ts'

/** Preloads modules with their imports and styles, so that the browser fetches them in parallel with the entry. */
const preload = (modules: readonly string[]): Plugin => ({
  name: 'preload',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle = {}, chunk: entry }) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk')
      const wanted = chunks.filter(({ facadeModuleId }) => modules.some((each) => facadeModuleId?.endsWith(each)))
      if (wanted.length < modules.length) throw new Error('A preloaded module is not a separate chunk.')
      const scripts = new Set(wanted.flatMap(({ fileName, imports }) => [fileName, ...imports]))
      if (entry !== undefined) scripts.delete(entry.fileName)
      const styles = new Set(wanted.flatMap(({ viteMetadata }) => [...(viteMetadata?.importedCss ?? [])]))
      return [...styles, ...scripts].map((file) => ({
        tag: 'link',
        attrs: { rel: styles.has(file) ? 'stylesheet' : 'modulepreload', crossorigin: true, href: `/${file}` },
        injectTo: 'head' as const,
      }))
    },
  },
})

/** Compresses the files for the page server (`relay/assets.ts`). */
const compress = (): Plugin => {
  let folder = ''
  return {
    name: 'compress',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir)
    },
    closeBundle: { order: 'post', sequential: true, handler: () => compressFolder(folder) },
  }
}

export default defineConfig({
  plugins: [
    react(),
    preload(['/src/mount.tsx']),
    limitFirstLoad({ name: 'page', importedAtStart: ['/src/mount.tsx'], maxKiB: 150 }),
    compress(),
  ],
  worker: {
    format: 'es',
    plugins: () => [
      omitRefreshKeys(),
      omitGossipMetrics(),
      limitFirstLoad({
        name: 'worker',
        importedAtStart: ['/workers/browser-engine.ts', '/@libp2p/webrtc/dist/src/index.js'],
        maxKiB: 350,
      }),
    ],
  },
  // Includes the worker's imports, so that the development server finds all dependencies at its first start.
  optimizeDeps: { entries: ['index.html', 'workers/engine.worker.ts', 'workers/browser-engine.ts'] },
  build: { target: 'es2024', sourcemap: true, chunkSizeWarningLimit: 1200 },
})

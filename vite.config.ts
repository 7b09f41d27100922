import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Has the browser fetch these modules, with what they import and their styles, beside the entry instead of after it. */
const preload = (modules: readonly string[]): Plugin => ({
  name: 'preload',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle = {}, chunk: entry }) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk')
      const wanted = chunks.filter(({ facadeModuleId }) => modules.some((each) => facadeModuleId?.endsWith(each)))
      if (wanted.length < modules.length) throw new Error('A module that is to be preloaded is no chunk of its own.')
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

export default defineConfig({
  plugins: [react(), preload(['/src/mount.tsx'])],
  worker: { format: 'es' },
  // The worker's imports too, so that the development server finds them all at its first start.
  optimizeDeps: { entries: ['index.html', 'workers/engine.worker.ts', 'workers/browser-engine.ts'] },
  build: {
    // lightningcss, 10 MB, is left out (package.json): minifying the CSS saves 1 KiB of gzip.
    cssMinify: false,
    target: 'es2024',
    sourcemap: false,
    chunkSizeWarningLimit: 1200,
  },
})

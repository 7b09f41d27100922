import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  worker: { format: 'es' },
  // The worker's imports too, so that the development server finds them all at its first start.
  optimizeDeps: { entries: ['index.html', 'workers/engine.worker.ts', 'workers/engine/create-engine.ts'] },
  build: {
    // lightningcss, 10 MB, is left out (package.json): minifying the CSS saves 1 KiB of gzip.
    cssMinify: false,
    target: 'es2024',
    sourcemap: false,
    chunkSizeWarningLimit: 1200,
  },
})

import { useEffect, useState } from 'react'
import { useCommands } from '../hooks/use-app.ts'
import { createSampleFeed, type SampleFeed } from './feed.ts'

/** Samples of the engine, asked for while the component is mounted and the page is visible. */
export const useSampleFeed = (): SampleFeed => {
  const { samples } = useCommands()
  const [feed] = useState(() =>
    createSampleFeed({
      load: samples,
      isVisible: () => !document.hidden,
      onVisible(listener) {
        document.addEventListener('visibilitychange', listener)
        return () => document.removeEventListener('visibilitychange', listener)
      },
      heapBytes,
    }),
  )
  useEffect(() => feed.start(), [feed])
  return feed
}

/** Of this page, where the browser tells: Chromium, in steps of some 100 kB. */
const heapBytes = (): number | undefined =>
  (performance as { memory?: { usedJSHeapSize?: number } }).memory?.usedJSHeapSize

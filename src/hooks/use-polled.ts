import { useEffect, useEffectEvent, useState } from 'react'

/**
 * Calls `load` at once and then every `intervalMs` while mounted and the page is visible; at once when it becomes
 * visible again. The next call waits for the last one. Returns the last value.
 */
export const usePolled = <T>(load: () => Promise<T>, intervalMs: number): T | undefined => {
  const [value, setValue] = useState<T>()
  const loadNow = useEffectEvent(load)
  // biome-ignore lint/correctness/useExhaustiveDependencies: effect events must not be dependencies (React)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isLoading = false
    let isUnmounted = false
    const poll = async (): Promise<void> => {
      if (isLoading || document.hidden) return
      clearTimeout(timer)
      isLoading = true
      const loaded = await loadNow()
      isLoading = false
      if (isUnmounted) return
      setValue(() => loaded)
      timer = setTimeout(poll, intervalMs)
    }
    const onVisible = (): void => void poll()
    void poll()
    document.addEventListener('visibilitychange', onVisible)
    return () => {
      isUnmounted = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [intervalMs])
  return value
}

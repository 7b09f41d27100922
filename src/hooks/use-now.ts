import { useEffect, useState } from 'react'
import { latestTime } from '../store/selectors.ts'
import { useAppState } from './use-app.ts'

/** Smallest step of relative times (ms). */
const stepMs = 60_000

/** The time by this device's clock, updated once a minute while mounted. */
export const useNow = (): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), stepMs)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** The same, for comparison with timestamps of other devices. */
export const useLatestTime = (): number => {
  const now = useNow()
  return useAppState((state) => latestTime(state, now))
}

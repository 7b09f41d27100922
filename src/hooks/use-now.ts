import { useEffect, useState } from 'react'
import { latestTime } from '../store/selectors.ts'
import { useAppState } from './use-app.ts'

/** The shortest step that relative times are written in, ms. */
const stepMs = 60_000

/** The time as this device has it, renewed once a minute while the component is shown. */
export const useNow = (): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), stepMs)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** The same for times that other devices wrote. */
export const useLatestTime = (): number => {
  const now = useNow()
  return useAppState((state) => latestTime(state, now))
}

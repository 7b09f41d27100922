import { useEffect, useState } from 'react'

/** The shortest step that relative times are written in, ms. */
const stepMs = 60_000

/** The time, renewed once a minute while the component is shown. */
export const useNow = (): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), stepMs)
    return () => clearInterval(timer)
  }, [])
  return now
}

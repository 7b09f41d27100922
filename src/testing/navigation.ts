import { onTestFinished } from 'vitest'

/** Page loads that a test would cause: noted instead of done. `reload`, or the address without its origin. */
export const catchPageLoads = (): string[] => {
  const loads: string[] = []
  const note = (event: NavigateEvent): void => {
    if (!event.cancelable) return
    event.preventDefault()
    const { pathname, search } = new URL(event.destination.url)
    loads.push(event.navigationType === 'reload' ? 'reload' : pathname + search)
  }
  navigation.addEventListener('navigate', note)
  onTestFinished(() => navigation.removeEventListener('navigate', note))
  return loads
}

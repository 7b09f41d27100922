import { createRoot } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { usePolled } from './use-polled.ts'

let isHidden = false
let calls = 0
let answer: () => Promise<number>
let root: ReturnType<typeof createRoot>

const Figure = () => <output>{usePolled(() => answer(), 1_000)}</output>

const shown = (): string | null | undefined => document.querySelector('output')?.textContent

const show = (): void => {
  isHidden = false
  document.dispatchEvent(new Event('visibilitychange'))
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  isHidden = false
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => isHidden })
  calls = 0
  answer = async () => {
    calls += 1
    return calls
  }
  const element = document.createElement('div')
  document.body.append(element)
  root = createRoot(element)
  root.render(<Figure />)
  await vi.waitFor(() => expect(shown()).toBe('1'))
})

afterEach(() => {
  root.unmount()
  Reflect.deleteProperty(document, 'hidden')
  vi.useRealTimers()
})

test('a value is asked for at once, then in its interval', async () => {
  await vi.advanceTimersByTimeAsync(3_000)
  expect(calls).toBe(4)
  await vi.waitFor(() => expect(shown()).toBe('4'))
})

test('a page that is hidden for an hour asks nothing, and once when it is visible again', async () => {
  isHidden = true
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(calls).toBe(1)
  show()
  await vi.waitFor(() => expect(shown()).toBe('2'))
  show()
  await vi.waitFor(() => expect(shown()).toBe('3'))
  // Not one timer for each time that it was shown.
  await vi.advanceTimersByTimeAsync(1_000)
  expect(calls).toBe(4)
})

test('a slow answer is waited for', async () => {
  let resolve: (value: number) => void = () => {}
  answer = () => {
    calls += 1
    return new Promise((done) => {
      resolve = done
    })
  }
  await vi.advanceTimersByTimeAsync(60_000)
  show()
  expect(calls).toBe(2)
  resolve(7)
  await vi.waitFor(() => expect(shown()).toBe('7'))
})

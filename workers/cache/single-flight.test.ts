import { expect, test } from 'vitest'
import { untraced } from '../telemetry/operation.ts'
import { createSingleFlight, type Flight } from './single-flight.ts'

const nameOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: Error) => error.name,
  )

test('aborts the work only when the last caller cancels', async () => {
  const flights = createSingleFlight<number>()
  const begun = Promise.withResolvers<number>()
  let seen: AbortSignal | undefined
  const work = ({ operation: { signal } }: Flight): Promise<number> => {
    seen = signal
    return begun.promise
  }
  const [first, second] = [new AbortController(), new AbortController()]
  const one = flights.join('k', work, untraced(first.signal))
  const two = flights.join('k', () => Promise.reject(new Error('a second flight')), untraced(second.signal))
  await Promise.resolve()
  first.abort()
  expect(await nameOf(one)).toBe('Cancelled')
  expect(seen?.aborted).toBe(false)
  second.abort()
  expect(await nameOf(two)).toBe('Cancelled')
  expect(seen?.aborted).toBe(true)
  expect(flights.has('k')).toBe(false)
  begun.reject(new Error('nobody listens, and nothing is unhandled'))
})

test('an aborted signal starts no work', async () => {
  const flights = createSingleFlight<number>()
  expect(await nameOf(flights.join('k', () => Promise.resolve(1), untraced(AbortSignal.abort())))).toBe('Cancelled')
  expect(flights.has('k')).toBe(false)
})

test('a caller after supersede starts new work, unaffected by the end of the old one', async () => {
  const flights = createSingleFlight<string>()
  const [old, young] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
  let oldFlight: Flight | undefined
  const one = flights.join(
    'k',
    (flight) => {
      oldFlight = flight
      return old.promise
    },
    untraced(),
  )
  await Promise.resolve()
  expect(oldFlight?.isCurrent()).toBe(true)
  flights.supersede('k')
  expect(oldFlight?.isCurrent()).toBe(false)
  const two = flights.join('k', () => young.promise, untraced())
  old.resolve('old')
  expect(await one).toBe('old')
  expect(flights.has('k')).toBe(true)
  young.resolve('young')
  expect(await two).toBe('young')
  expect(flights.has('k')).toBe(false)
})

test('stop rejects all callers, including those of superseded work', async () => {
  const flights = createSingleFlight<string>()
  const never = new Promise<string>(() => {})
  const one = flights.join('k', () => never, untraced())
  flights.supersede('k')
  const two = flights.join('k', () => never, untraced())
  flights.stop()
  expect([await nameOf(one), await nameOf(two)]).toEqual(['Cancelled', 'Cancelled'])
})

test('work that throws synchronously rejects', async () => {
  const flights = createSingleFlight<string>()
  const failing = flights.join(
    'k',
    () => {
      throw new RangeError('at once')
    },
    untraced(),
  )
  expect(await nameOf(failing)).toBe('RangeError')
  expect(flights.has('k')).toBe(false)
})

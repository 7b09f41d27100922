import { expect, it } from 'vitest'
import { toPingView } from './ping-view.ts'

it('gives minimum, median and maximum of the answered pings, in any order', () => {
  expect(toPingView([9, undefined, 1, 4])).toEqual({
    roundTripsMs: [9, undefined, 1, 4],
    minMs: 1,
    medianMs: 4,
    maxMs: 9,
  })
  expect(toPingView([10, 2, 30, 4])).toMatchObject({ minMs: 2, medianMs: 7, maxMs: 30 })
  expect(toPingView([3])).toMatchObject({ minMs: 3, medianMs: 3, maxMs: 3 })
})

it('gives none when all were lost', () => {
  expect(toPingView([undefined, undefined])).toEqual({ roundTripsMs: [undefined, undefined] })
  expect(toPingView([])).toEqual({ roundTripsMs: [] })
})

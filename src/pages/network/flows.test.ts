import fc from 'fast-check'
import { expect, it } from 'vitest'
import { peerAt } from '../../testing/fixtures/peers.ts'
import { createFlowDetector, widthOf } from './flows.ts'

it('tells the directions in which bytes flowed since the last look', () => {
  const detect = createFlowDetector()
  const [one, other] = [peerAt(1), peerAt(2)]
  expect(detect([one]).size).toBe(0)
  const later = { ...one, bytesIn: one.bytesIn + 1 }
  expect([...detect([later, other])]).toEqual([[one.peerId, { in: true, out: false }]])
  expect(detect([later, { ...other, bytesOut: other.bytesOut + 9 }]).get(other.peerId)).toEqual({
    in: false,
    out: true,
  })
  expect(detect([later]).get(one.peerId)).toEqual({ in: false, out: false })
  // A reconnected peer starts again.
  detect([])
  expect(detect([{ ...one, bytesIn: 0 }]).size).toBe(0)
})

it('draws more traffic as a wider line, within bounds for any number', () => {
  const bytes = fc.oneof(fc.nat(), fc.double())
  fc.assert(
    fc.property(bytes, bytes, fc.nat(60), (recentBytesIn, recentBytesOut, count) => {
      const width = widthOf({ recentBytesIn, recentBytesOut }, count)
      expect(width).toBeGreaterThanOrEqual(1.25)
      expect(width).toBeLessThanOrEqual(count > 20 ? 4 : 7)
    }),
    { seed: 36, numRuns: 500 },
  )
  const widths = [0, 1_000, 10_000, 1_000_000].map((recentBytesIn) => widthOf({ recentBytesIn, recentBytesOut: 0 }, 5))
  expect(widths).toEqual([...widths].sort((a, b) => a - b))
  expect(new Set(widths).size).toBe(4)
})

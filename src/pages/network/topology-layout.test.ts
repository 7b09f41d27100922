import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  createTopologyPlacement,
  type DistantPeer,
  freestAngle,
  maxPlaced,
  pictureRadius,
  type TopologyPicture,
} from './topology-layout.ts'

const rtt = fc.oneof(
  fc.constant(undefined),
  fc.constant(1),
  fc.double({ min: 0, max: 20, noNaN: true }),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
)

const peersOf = (most: number, least = 0, rtts = rtt) =>
  fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1, maxLength: 8 }), rttMs: rtts }), {
    selector: ({ id }) => id,
    minLength: least,
    maxLength: most,
  })

const expectNoOverlap = ({ nodes, nodeRadius }: TopologyPicture): void => {
  for (const [index, a] of nodes.entries())
    for (const b of nodes.slice(index + 1))
      expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThanOrEqual(2 * nodeRadius - 0.5)
}

const angles = ({ nodes }: TopologyPicture): Map<string, number> => new Map(nodes.map(({ id, angle }) => [id, angle]))

it('places up to 60 peers inside the picture without overlap, the farther the longer the round trip', () => {
  fc.assert(
    fc.property(peersOf(80), (peers) => {
      const picture = createTopologyPlacement().place(peers)
      expect(picture.nodes.map(({ id }) => id)).toEqual(peers.slice(0, maxPlaced).map(({ id }) => id))
      expect(picture.nodeRadius).toBeGreaterThan(4)
      expectNoOverlap(picture)
      for (const { x, y, angle, radius } of picture.nodes) {
        expect(Math.hypot(x, y) + picture.nodeRadius).toBeLessThanOrEqual(pictureRadius)
        expect(Math.hypot(x, y)).toBeCloseTo(radius, 6)
        expect(Math.hypot(x - radius * Math.cos(angle), y - radius * Math.sin(angle))).toBeLessThan(1e-6)
      }
      const radiusById = new Map(picture.nodes.map(({ id, radius }) => [id, radius]))
      const byRtt = peers.slice(0, maxPlaced).sort((a, b) => (a.rttMs ?? Infinity) - (b.rttMs ?? Infinity))
      for (const [index, { id }] of byRtt.entries()) {
        const before = radiusById.get(byRtt[index - 1]?.id ?? '') ?? 0
        expect(radiusById.get(id)).toBeGreaterThanOrEqual(before - 1e-9)
      }
    }),
    { seed: 31, numRuns: 300 },
  )
})

/** Round trips of one scale. */
const similarRtt = fc.oneof(fc.constant(undefined), fc.double({ min: 2.1, max: 4.9, noNaN: true }))

it('does not move anything when the same peers are placed again', () => {
  fc.assert(
    fc.property(peersOf(60), (peers) => {
      const { place } = createTopologyPlacement()
      const first = place(peers)
      expect(place(peers)).toEqual(first)
    }),
    { seed: 32, numRuns: 100 },
  )
})

// Even if all of them are on the innermost ring, eight leave no gap that is too small for the next.
it('leaves every peer in its direction when another joins or one leaves, while there is room', () => {
  fc.assert(
    fc.property(peersOf(8, 1, similarRtt), (peers) => {
      const { place } = createTopologyPlacement()
      const present: DistantPeer[] = []
      let before = new Map<string, number>()
      for (const peer of peers) {
        present.push(peer)
        const picture = place(present)
        const after = angles(picture)
        for (const [id, angle] of before) expect(after.get(id)).toBeCloseTo(angle, 9)
        before = after
      }
      const gone = present.shift()
      for (const [id, angle] of angles(place(present))) expect(angle).toBeCloseTo(before.get(id) ?? 0, 9)
      if (gone !== undefined) {
        present.push(gone)
        expect(angles(place(present)).get(gone.id)).toBeCloseTo(before.get(gone.id) ?? 0, 9)
      }
    }),
    { seed: 33, numRuns: 200 },
  )
})

it('spreads up to eight peers around the centre, also when they come one after the other', () => {
  fc.assert(
    fc.property(peersOf(8, 2), fc.boolean(), (peers, isTogether) => {
      const { place } = createTopologyPlacement()
      if (!isTogether) for (let count = 1; count < peers.length; count += 1) place(peers.slice(0, count))
      const directions = [...angles(place(peers)).values()].sort((a, b) => a - b)
      for (const [index, angle] of directions.entries()) {
        const next = directions[(index + 1) % directions.length] ?? 0
        const gap = (next - angle + 2 * Math.PI) % (2 * Math.PI)
        expect(gap).toBeGreaterThanOrEqual(Math.PI / peers.length - 1e-9)
      }
    }),
    { seed: 36, numRuns: 300 },
  )
})

it('keeps nodes apart while round trips change', () => {
  fc.assert(
    fc.property(
      peersOf(60),
      fc.array(fc.array(rtt, { minLength: 60, maxLength: 60 }), { maxLength: 5 }),
      (peers, changes) => {
        const { place } = createTopologyPlacement()
        place(peers)
        for (const rtts of changes) expectNoOverlap(place(peers.map(({ id }, index) => ({ id, rttMs: rtts[index] }))))
      },
    ),
    { seed: 34, numRuns: 60 },
  )
})

it('labels powers of ten that are far enough apart', () => {
  const ringsOf = (...rtts: number[]) =>
    createTopologyPlacement()
      .place(rtts.map((rttMs, index) => ({ id: `${index}`, rttMs })))
      .rings.map(({ ms }) => ms)
  expect(ringsOf(3, 240)).toEqual([10, 100])
  expect(ringsOf(0.3, 90_000)).toEqual([1, 10, 100, 1_000, 10_000])
  expect(ringsOf(3)).toEqual([2, 5, 10])
  expect(ringsOf()).toEqual([1, 10, 100])
  fc.assert(
    fc.property(peersOf(60), (peers) => {
      const { rings } = createTopologyPlacement().place(peers)
      for (const [index, { radius }] of rings.entries())
        expect(radius - (rings[index - 1]?.radius ?? 0)).toBeGreaterThanOrEqual(17)
    }),
    { seed: 35, numRuns: 200 },
  )
})

it('labels of rings point up, or else where no node is near', () => {
  const up = -Math.PI / 2
  expect(freestAngle([])).toBe(up)
  expect(freestAngle([{ angle: 0 }, { angle: Math.PI }])).toBe(up)
  expect(freestAngle([{ angle: up + 2 * Math.PI }, { angle: 0.1 }])).toBeCloseTo(up + Math.PI / 4)
  const crowd = Array.from({ length: 60 }, (_, at) => ({ angle: at }))
  expect(Number.isFinite(freestAngle(crowd))).toBe(true)
})

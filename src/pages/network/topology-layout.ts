import { forceCollide, forceSimulation, type SimulationNodeDatum } from 'd3-force'

/**
 * Places peers around this one: the distance from the centre is the round trip on a logarithmic scale, the angle is
 * free, and no two overlap. Pure but for the memory of angles, so that a peer keeps its direction.
 */
export interface TopologyPlacement {
  /** Places at most `maxPlaced` peers. The same peers again give the same picture. */
  place(peers: readonly DistantPeer[]): TopologyPicture
}

export interface DistantPeer {
  id: string
  /** Undefined while not measured: such peers are on the outermost ring. */
  rttMs: number | undefined
}

export interface TopologyPicture {
  nodes: PlacedPeer[]
  /** Of each node (px). */
  nodeRadius: number
  rings: { ms: number; radius: number }[]
  /** Radius of the peers without a round trip; undefined without such peers. */
  unmeasuredRadius: number | undefined
}

export interface PlacedPeer {
  id: string
  /** Centre of the node, from the centre of the picture (px). */
  x: number
  y: number
  /** The same as polar coordinates (radians, px). */
  angle: number
  radius: number
}

/** Beyond this number nodes would be too small to be hit, and lines too many to be read. */
export const maxPlaced = 60

/** Radius of the picture (px): room for the outermost nodes and their names. */
export const pictureRadius = 200

/** Peers without a round trip are here; measured ones are within `farthest`. */
const outermost = 185
const farthest = 166

/** More peers need a wider innermost ring, even if all of them are equally far. In steps, so that few newcomers move the others. */
const largestCrowd = { upTo: maxPlaced, nearest: 108 }
const crowds = [{ upTo: 8, nearest: 62 }, { upTo: 20, nearest: 74 }, { upTo: 40, nearest: 92 }, largestCrowd]

const largestNode = 12
const gap = 2

/** Round trips beyond these (ms) look like these. */
const shortestRttMs = 0.1
const longestRttMs = 10_000

/** Two labels closer than this (px) would be unreadable. */
const ringGap = 17

/** Peers that left keep their direction for when they return. */
const maxAngles = 256

/** Overlap (px) that nobody sees. */
const tolerance = 0.5

const relaxSteps = 60
/** An irrational share of the circle: multiples of it spread evenly. */
const goldenAngle = Math.PI * (3 - Math.sqrt(5))

export const createTopologyPlacement = (): TopologyPlacement => {
  const angleById = new Map<string, number>()
  return {
    place(peers) {
      const scale = scaleFor(peers.slice(0, maxPlaced))
      const nodes = directed(peers.slice(0, maxPlaced), scale, angleById)
      const settled = [relaxed, spread].reduce(
        (placed, repair) => (overlaps(placed, scale.nodeRadius) ? repair(placed, scale.nodeRadius) : placed),
        nodes,
      )
      for (const { id, angle } of settled) {
        angleById.delete(id)
        angleById.set(id, angle)
      }
      for (const id of angleById.keys()) {
        if (angleById.size <= maxAngles) break
        angleById.delete(id)
      }
      const hasUnmeasured = settled.some(({ radius }) => radius === outermost)
      return {
        nodes: settled,
        nodeRadius: scale.nodeRadius,
        rings: scale.rings,
        unmeasuredRadius: hasUnmeasured ? outermost : undefined,
      }
    },
  }
}

/**
 * Where labels of rings disturb least (radians): of six directions, upwards first, the one farthest from all nodes. A few
 * only, so that labels stay where they are while nodes move a little; none to the side, where labels of near rings would
 * touch.
 */
export const freestAngle = (nodes: readonly Pick<PlacedPeer, 'angle'>[]): number => {
  const clearance = (angle: number): number => Math.min(enough, ...nodes.map((node) => between(node.angle, angle)))
  const directions = [-2, -1, 1, 2, 3, 5].map((eighths) => (eighths * fullTurn) / 8)
  return directions.reduce((best, next) => (clearance(next) > clearance(best) ? next : best))
}

/** A direction at least this far from every node counts as free (radians). */
const enough = Math.PI / 5

interface Scale {
  radiusOf(rttMs: number | undefined): number
  nodeRadius: number
  rings: { ms: number; radius: number }[]
}

/** The scale begins and ends at round numbers, so that small changes of a round trip leave the others where they are. */
const scaleFor = (peers: readonly DistantPeer[]): Scale => {
  const { upTo, nearest } = crowds.find(({ upTo }) => peers.length <= upTo) ?? largestCrowd
  const measured = peers.flatMap(({ rttMs }) => (rttMs === undefined ? [] : [clampRtt(rttMs)]))
  const shortest = measured.length === 0 ? 1 : Math.min(...measured)
  const longest = measured.length === 0 ? 100 : Math.max(...measured)
  const low = roundRtts.findLast((ms) => ms <= shortest && ms * leastSpan <= longestRttMs) ?? shortestRttMs
  const high = roundRtts.find((ms) => ms >= longest && ms >= low * leastSpan) ?? longestRttMs
  const radiusOf = (ms: number): number => nearest + (Math.log(ms / low) / Math.log(high / low)) * (farthest - nearest)
  const marks = roundRtts.filter((ms) => ms >= low && ms <= high)
  const powers = marks.filter(isPowerOfTen)
  const rings: Scale['rings'] = []
  for (const ms of powers.length < fewestRings ? marks : powers) {
    const radius = radiusOf(ms)
    if (radius - (rings.at(-1)?.radius ?? 0) >= ringGap) rings.push({ ms, radius })
  }
  return {
    radiusOf: (rttMs) => (rttMs === undefined ? outermost : radiusOf(clampRtt(rttMs))),
    // All of them fit on the innermost ring.
    nodeRadius: Math.min(largestNode, nearest * Math.sin(Math.PI / upTo) - gap / 2),
    rings,
  }
}

/** 0.1, 0.2, 0.5, 1, … 10,000 (ms). */
const roundRtts = [-1, 0, 1, 2, 3]
  .flatMap((power) => [1, 2, 5].map((digit) => (digit * 10 ** (power + 1)) / 10))
  .concat(10_000)

const isPowerOfTen = (ms: number): boolean => Number.isInteger(Math.log10(ms))

/** Ratio of the longest to the shortest round trip of a scale, at least. */
const leastSpan = 5

/** With fewer powers of ten in the scale, 2 and 5 get rings too. */
const fewestRings = 2

const clampRtt = (rttMs: number): number =>
  Number.isFinite(rttMs) ? Math.min(longestRttMs, Math.max(shortestRttMs, rttMs)) : longestRttMs

/**
 * Known peers keep their angle; a newcomer gets the first free one, beginning with that of its id: one that is far from
 * all others, so that a few peers stand around the centre and not in one corner, or at least without overlap.
 */
const directed = (
  peers: readonly DistantPeer[],
  scale: Scale,
  angleById: ReadonlyMap<string, number>,
): PlacedPeer[] => {
  const placed: PlacedPeer[] = []
  const known = peers.filter(({ id }) => angleById.has(id))
  const newcomers = peers.filter(({ id }) => !angleById.has(id))
  for (const { id, rttMs } of known) placed.push(at(id, angleById.get(id) ?? 0, scale.radiusOf(rttMs)))
  for (const { id, rttMs } of newcomers) {
    const radius = scale.radiusOf(rttMs)
    const tries = Array.from({ length: maxPlaced * 2 }, (_, turn) => at(id, angleOf(id) + turn * goldenAngle, radius))
    const fits = (each: PlacedPeer): boolean =>
      placed.every((other) => distance(each, other) >= 2 * scale.nodeRadius + gap)
    // Half of an even share of the circle, which is always free somewhere.
    const roomy = Math.PI / (placed.length + 1)
    const isRoomy = (each: PlacedPeer): boolean => placed.every((other) => between(each.angle, other.angle) >= roomy)
    placed.push(tries.find((each) => fits(each) && isRoomy(each)) ?? tries.find(fits) ?? at(id, angleOf(id), radius))
  }
  const byId = new Map(placed.map((each) => [each.id, each]))
  return peers.flatMap(({ id }) => byId.get(id) ?? [])
}

/** Pushes overlapping nodes apart along their rings, by a few steps of a force simulation. The others stay. */
const relaxed = (nodes: readonly PlacedPeer[], nodeRadius: number): PlacedPeer[] => {
  const moving = nodes.map((node, index): PlacedPeer & SimulationNodeDatum => {
    if (!nodes.some((other) => other !== node && isTooNear(node, other, nodeRadius)))
      return { ...node, fx: node.x, fy: node.y }
    // Two nodes in one direction would be pushed along it, and never apart.
    const angle = node.angle + (index % 2 === 0 ? 1 : -1) * (0.01 + index / 10_000)
    return { ...at(node.id, angle, node.radius) }
  })
  const simulation = forceSimulation(moving)
    .stop()
    .alphaDecay(0)
    .velocityDecay(0)
    .force('apart', forceCollide(nodeRadius + gap / 2).iterations(2))
  for (let step = 0; step < relaxSteps; step += 1) {
    simulation.tick()
    for (const node of moving) {
      if (node.fx === undefined)
        Object.assign(node, at(node.id, Math.atan2(node.y, node.x), node.radius), { vx: 0, vy: 0 })
    }
    if (!overlaps(moving, nodeRadius)) break
  }
  return moving.map(({ id, angle, radius }) => at(id, angle, radius))
}

/** Gives every node an equal part of the circle, in the order of their angles. The scale makes sure that this fits. */
const spread = (nodes: readonly PlacedPeer[]): PlacedPeer[] => {
  const order = [...nodes].sort((a, b) => a.angle - b.angle || (a.id < b.id ? -1 : 1))
  const angleById = new Map(order.map(({ id }, index) => [id, (index / order.length) * 2 * Math.PI]))
  return nodes.map(({ id, radius }) => at(id, angleById.get(id) ?? 0, radius))
}

const overlaps = (nodes: readonly PlacedPeer[], nodeRadius: number): boolean =>
  nodes.some((node, index) => nodes.slice(index + 1).some((other) => isTooNear(node, other, nodeRadius)))

const isTooNear = (a: PlacedPeer, b: PlacedPeer, nodeRadius: number): boolean =>
  distance(a, b) < 2 * nodeRadius - tolerance

const at = (id: string, angle: number, radius: number): PlacedPeer => {
  const turn = ((angle % fullTurn) + fullTurn) % fullTurn
  return { id, x: radius * Math.cos(turn), y: radius * Math.sin(turn), angle: turn, radius }
}

const fullTurn = 2 * Math.PI

/** The smaller angle between two directions (radians). */
const between = (a: number, b: number): number => {
  const turn = Math.abs(a - b) % fullTurn
  return Math.min(turn, fullTurn - turn)
}

const distance = (a: PlacedPeer, b: PlacedPeer): number => Math.hypot(a.x - b.x, a.y - b.y)

/** An angle from the characters of an id (FNV-1a, mixed: ids may differ in their last character), the same in every session. */
const angleOf = (id: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index += 1) {
    hash ^= id.charCodeAt(index)
    hash = Math.imul(hash, 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * fullTurn
}

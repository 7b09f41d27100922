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
const outermost = 174
const farthest = 158

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
      return { nodes: settled, nodeRadius: scale.nodeRadius, rings: scale.rings }
    },
  }
}

interface Scale {
  radiusOf(rttMs: number | undefined): number
  nodeRadius: number
  rings: { ms: number; radius: number }[]
}

/** The scale spans whole powers of ten, so that small changes of a round trip leave the other peers where they are. */
const scaleFor = (peers: readonly DistantPeer[]): Scale => {
  const { upTo, nearest } = crowds.find(({ upTo }) => peers.length <= upTo) ?? largestCrowd
  const measured = peers.flatMap(({ rttMs }) => (rttMs === undefined ? [] : [clampRtt(rttMs)]))
  // At least one power of ten.
  const low = measured.length === 0 ? 0 : Math.floor(Math.log10(Math.min(...measured, longestRttMs / 10)))
  const high = measured.length === 0 ? 2 : Math.max(low + 1, Math.ceil(Math.log10(Math.max(...measured))))
  const radiusOfLog = (log: number): number => nearest + ((log - low) / (high - low)) * (farthest - nearest)
  const rings: Scale['rings'] = []
  for (let log = low; log <= high; log += 1) {
    const radius = radiusOfLog(log)
    if (radius - (rings.at(-1)?.radius ?? 0) >= ringGap) rings.push({ ms: 10 ** log, radius })
  }
  return {
    radiusOf: (rttMs) => (rttMs === undefined ? outermost : radiusOfLog(Math.log10(clampRtt(rttMs)))),
    // All of them fit on the innermost ring.
    nodeRadius: Math.min(largestNode, nearest * Math.sin(Math.PI / upTo) - gap / 2),
    rings,
  }
}

const clampRtt = (rttMs: number): number =>
  Number.isFinite(rttMs) ? Math.min(longestRttMs, Math.max(shortestRttMs, rttMs)) : longestRttMs

/** Known peers keep their angle; a newcomer gets the first free one, beginning with that of its id. */
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
    const free = tries.find((each) => placed.every((other) => distance(each, other) >= 2 * scale.nodeRadius + gap))
    placed.push(free ?? at(id, angleOf(id), radius))
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

const distance = (a: PlacedPeer, b: PlacedPeer): number => Math.hypot(a.x - b.x, a.y - b.y)

/** An angle from the characters of an id (FNV-1a), the same in every session. */
const angleOf = (id: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index += 1) {
    hash ^= id.charCodeAt(index)
    hash = Math.imul(hash, 0x01000193)
  }
  return ((hash >>> 0) / 2 ** 32) * fullTurn
}

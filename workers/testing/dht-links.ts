import type { PeerId } from '@libp2p/interface'
import { sha256 } from 'multiformats/hashes/sha2'
import { createSeededRandom } from './seeded-random.ts'

/** The connections of a DHT after all nodes joined: the result of a lookup of each node itself and a bucket refresh. */

export interface LinkShape {
  /** Number of closest peers that each node dials. */
  near: number
  /** Number of random peers that each node dials per bucket. */
  perBucket: number
  seed: number
}

/** Returns pairs of indexes into `peers`, without duplicates. */
export const chooseLinks = async (
  peers: readonly PeerId[],
  { near, perBucket, seed }: LinkShape,
): Promise<[number, number][]> => {
  const random = createSeededRandom(seed)
  const places = await Promise.all(peers.map(async (peer) => (await sha256.digest(peer.toMultihash().bytes)).digest))
  const links = new Map<string, [number, number]>()
  for (const [own, place] of places.entries()) {
    const others = places
      .map((other, index) => ({ index, distance: other.map((byte, at) => byte ^ (place[at] ?? 0)), order: random() }))
      .filter(({ index }) => index !== own)
    const nearest = others.toSorted((a, b) => compare(a.distance, b.distance)).slice(0, near)
    const chosen = new Set(nearest)
    const takenByBucket = new Map<number, number>()
    for (const other of others.sort((a, b) => a.order - b.order)) {
      const bucket = leadingZeros(other.distance)
      const taken = takenByBucket.get(bucket) ?? 0
      if (taken >= perBucket) continue
      takenByBucket.set(bucket, taken + 1)
      chosen.add(other)
    }
    for (const { index } of chosen) {
      const pair: [number, number] = own < index ? [own, index] : [index, own]
      links.set(pair.join(), pair)
    }
  }
  return [...links.values()]
}

const compare = (a: Uint8Array, b: Uint8Array): number => {
  for (let index = 0; index < a.length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const leadingZeros = (bytes: Uint8Array): number => {
  const index = bytes.findIndex((byte) => byte !== 0)
  return index < 0 ? bytes.length * 8 : index * 8 + Math.clz32(bytes[index] ?? 0) - 24
}

import { HASH_BYTES } from '../protocol/limits.ts'

/**
 * An ordered set of ids with range sums: blocks of up to 256 sorted ids, each with its sum, and running totals over the
 * blocks, recomputed on the first read after a change. A change costs a few microseconds and a read two partial blocks,
 * at 100,000 ids as at 1,000. Takes 45 bytes per id.
 *
 * Sums are exact up to 2^21 ids: 32-bit words are added as doubles and carried at the end.
 */
export interface IdIndex {
  size(): number
  /** False if the id was already present. */
  add(id: Uint8Array): boolean
  /** False if the id was absent. */
  remove(id: Uint8Array): boolean
  /** Number of ids below `bound`, which may be shorter than an id and is padded with zeros. */
  rank(bound: Uint8Array): number
  /** The id at a rank. @throws RangeError if there is none. */
  at(rank: number): Uint8Array
  /** The sum modulo 2^256 of the ids from one rank up to another (exclusive), big endian. */
  sum(from: number, to: number): Uint8Array
  /** The ids from one rank up to another (exclusive), in order. */
  copy(from: number, to: number): Uint8Array
}

/** An id as eight big-endian words; most comparisons end at the first. */
const words = HASH_BYTES / 4

/** Ids per block: moving half of them takes a microsecond, and 100,000 ids have some 600 blocks. */
const blockIds = 256

interface Block {
  readonly ids: Uint32Array
  count: number
  /** Sum of each word over all ids, not carried. */
  readonly sums: Float64Array
}

export const createIdIndex = (): IdIndex => {
  const blocks: Block[] = [createBlock()]
  let size = 0
  /** Per block: the number of ids before it and the sums of their words. Undefined after a change. */
  let totals: { readonly ranks: Uint32Array; readonly sums: Float64Array } | undefined

  const blockOf = (id: Uint32Array): number => {
    let [low, high] = [0, blocks.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      const { ids } = blocks[middle] as Block
      if (compareAt(ids, 0, id) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }

  const countTotals = (): { readonly ranks: Uint32Array; readonly sums: Float64Array } => {
    if (totals !== undefined) return totals
    const ranks = new Uint32Array(blocks.length + 1)
    const sums = new Float64Array((blocks.length + 1) * words)
    for (const [at, block] of blocks.entries()) {
      ranks[at + 1] = (ranks[at] ?? 0) + block.count
      for (let word = 0; word < words; word++) {
        sums[(at + 1) * words + word] = (sums[at * words + word] ?? 0) + (block.sums[word] ?? 0)
      }
    }
    totals = { ranks, sums }
    return totals
  }

  /** The block of a rank; the last block for the rank after the last id. */
  const blockAt = (rank: number): number => {
    const { ranks } = countTotals()
    let [low, high] = [0, blocks.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((ranks[middle] ?? 0) <= rank) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Sums of the words of all ids below a rank. */
  const sumsBelow = (rank: number): Float64Array => {
    const { ranks, sums } = countTotals()
    const at = blockAt(rank)
    const below = sums.slice(at * words, (at + 1) * words)
    const { ids } = blocks[at] as Block
    const end = (rank - (ranks[at] ?? 0)) * words
    for (let i = 0; i < end; i++) below[i % words] = (below[i % words] ?? 0) + (ids[i] ?? 0)
    return below
  }

  const checkRanks = (from: number, to: number): void => {
    if (!(from >= 0 && from <= to && to <= size)) throw new RangeError(`There are no ids from ${from} to ${to}.`)
  }

  return {
    size: () => size,

    add(bytes) {
      const id = toWords(bytes)
      let at = blockOf(id)
      let block = blocks[at] as Block
      let place = placeIn(block, id)
      if (place < block.count && compareAt(block.ids, place, id) === 0) return false
      if (block.count === blockIds) {
        const upper = split(block)
        blocks.splice(at + 1, 0, upper)
        if (place > block.count) {
          place -= block.count
          at += 1
          block = upper
        }
      }
      block.ids.copyWithin((place + 1) * words, place * words, block.count * words)
      block.ids.set(id, place * words)
      block.count += 1
      addTo(block.sums, id, 1)
      size += 1
      totals = undefined
      return true
    },

    remove(bytes) {
      const id = toWords(bytes)
      const at = blockOf(id)
      const block = blocks[at] as Block
      const place = placeIn(block, id)
      if (place === block.count || compareAt(block.ids, place, id) !== 0) return false
      block.ids.copyWithin(place * words, (place + 1) * words, block.count * words)
      block.count -= 1
      addTo(block.sums, id, -1)
      if (block.count === 0 && blocks.length > 1) blocks.splice(at, 1)
      size -= 1
      totals = undefined
      return true
    },

    rank(bound) {
      const id = toWords(bound)
      const at = blockOf(id)
      return (countTotals().ranks[at] ?? 0) + placeIn(blocks[at] as Block, id)
    },

    at(rank) {
      checkRanks(rank, rank + 1)
      const at = blockAt(rank)
      const bytes = new Uint8Array(HASH_BYTES)
      writeIds(bytes, 0, blocks[at] as Block, rank - (countTotals().ranks[at] ?? 0), 1)
      return bytes
    },

    sum(from, to) {
      checkRanks(from, to)
      const [high, low] = [sumsBelow(to), sumsBelow(from)]
      const sum = new Uint8Array(HASH_BYTES)
      const view = new DataView(sum.buffer)
      let carry = 0
      for (let word = words - 1; word >= 0; word--) {
        const value = (high[word] ?? 0) - (low[word] ?? 0) + carry
        carry = Math.floor(value / 2 ** 32)
        view.setUint32(word * 4, value - carry * 2 ** 32)
      }
      return sum
    },

    copy(from, to) {
      checkRanks(from, to)
      const bytes = new Uint8Array((to - from) * HASH_BYTES)
      const { ranks } = countTotals()
      for (let [rank, at] = [from, blockAt(from)]; rank < to; at++) {
        const block = blocks[at] as Block
        const start = rank - (ranks[at] ?? 0)
        const count = Math.min(block.count - start, to - rank)
        writeIds(bytes, (rank - from) * HASH_BYTES, block, start, count)
        rank += count
      }
      return bytes
    },
  }
}

const createBlock = (): Block => ({ ids: new Uint32Array(blockIds * words), count: 0, sums: new Float64Array(words) })

/** Moves the upper half into a block of its own. */
const split = (block: Block): Block => {
  const upper = createBlock()
  const kept = block.count >>> 1
  upper.ids.set(block.ids.subarray(kept * words, block.count * words))
  upper.count = block.count - kept
  block.count = kept
  for (let at = 0; at < upper.count; at++) addTo(upper.sums, upper.ids.subarray(at * words, (at + 1) * words), 1)
  for (let word = 0; word < words; word++) block.sums[word] = (block.sums[word] ?? 0) - (upper.sums[word] ?? 0)
  return upper
}

/** Number of ids in the block below `id`. */
const placeIn = ({ ids, count }: Block, id: Uint32Array): number => {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareAt(ids, middle, id) < 0) low = middle + 1
    else high = middle
  }
  return low
}

const compareAt = (ids: Uint32Array, at: number, id: Uint32Array): number => {
  for (let word = 0; word < words; word++) {
    const difference = (ids[at * words + word] ?? 0) - (id[word] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const addTo = (sums: Float64Array, id: Uint32Array, sign: 1 | -1): void => {
  for (let word = 0; word < words; word++) sums[word] = (sums[word] ?? 0) + sign * (id[word] ?? 0)
}

const toWords = (bytes: Uint8Array): Uint32Array => {
  const id = new Uint32Array(words)
  for (let at = 0; at < Math.min(bytes.length, HASH_BYTES); at++) {
    id[at >>> 2] = (id[at >>> 2] ?? 0) | ((bytes[at] ?? 0) << (8 * (3 - (at & 3))))
  }
  return id
}

const writeIds = (to: Uint8Array, offset: number, block: Block, from: number, count: number): void => {
  const view = new DataView(to.buffer)
  for (let i = 0; i < count * words; i++) view.setUint32(offset + i * 4, block.ids[from * words + i] ?? 0)
}

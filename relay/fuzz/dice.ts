import { createSeededBelow, type RandomBelow } from '../../workers/testing/seeded-random.ts'

/** Random choices, reproducible from a seed. */
export interface Dice {
  below: RandomBelow
  /** An integer between both bounds, inclusive. */
  between(from: number, to: number): number
  oneIn(times: number): boolean
  pick<T>(from: readonly T[]): T
  bytes(length: number): Buffer
  /** A boundary length, plus or minus one. */
  edge(): number
}

const edges = [0, 1, 2, 11, 12, 125, 126, 127, 255, 256, 65_534, 65_535, 65_536, 262_143, 262_144, 262_145]

export const createDice = (seed: number): Dice => {
  const below = createSeededBelow(seed)
  const dice: Dice = {
    below,
    between: (from, to) => from + below(to - from + 1),
    oneIn: (times) => below(times) === 0,
    pick(from) {
      const found = from[below(from.length)]
      if (found === undefined) throw new Error('The list is empty.')
      return found
    },
    bytes: (length) => Buffer.from(Uint8Array.from({ length }, () => below(256))),
    edge: () => Math.max(0, dice.pick(edges) + dice.between(-1, 1)),
  }
  return dice
}

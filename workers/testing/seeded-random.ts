/** Numbers in [0, 1), the same for the same seed (mulberry32). For repeatable choices, never for secrets. */
export const createSeededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from 0 to `below - 1`. */
export type RandomBelow = (below: number) => number

/** Whole numbers, the same for the same seed. */
export const createSeededBelow = (seed: number): RandomBelow => {
  const random = createSeededRandom(seed)
  return (below) => Math.floor(random() * below)
}

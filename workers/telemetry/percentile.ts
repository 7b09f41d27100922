/** The value below which `share` (0 to 1) of ascending values lie: the nearest rank. Undefined without values. */
export const percentile = (ascending: ArrayLike<number>, share: number): number | undefined =>
  ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)]

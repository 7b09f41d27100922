/** Reads a list of positive numbers from an environment variable, such as `10,50`; an empty one is an empty list. */
export const numbersFrom = (variable: string, otherwise: readonly number[]): readonly number[] =>
  process.env[variable]
    ?.split(',')
    .map(Number)
    .filter((each) => each > 0) ?? otherwise

export const numberFrom = (variable: string, otherwise: number): number => Number(process.env[variable] ?? otherwise)

import type { Figure } from '../lib/measurement.ts'
export const measureRanking = async function* (_log: (line: string) => void): AsyncGenerator<Figure> {}

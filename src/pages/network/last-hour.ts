import type { SamplesView } from '../../../workers/contract/telemetry-views.ts'

const minuteMs = 60_000

export const hourMs = 60 * minuteMs

/**
 * A column of samples as 60 values, one for each minute of the hour before `now`, oldest first; NaN where there is none.
 */
export const lastHour = (
  { times, columns }: Partial<Pick<SamplesView, 'times' | 'columns'>>,
  column: string,
  now: number,
): number[] => {
  const values = new Array<number>(60).fill(Number.NaN)
  const measured = columns?.[column]
  for (const [row, time] of times?.entries() ?? []) {
    const minute = Math.floor((time - (now - hourMs)) / minuteMs)
    if (minute >= 0 && minute < values.length) values[minute] = measured?.[row] ?? Number.NaN
  }
  return values
}

import type { SampleRows } from '../../charts/sample-rows.ts'

const minuteMs = 60_000

export const hourMs = 60 * minuteMs

/**
 * A column of samples as 60 values, one for each minute of the hour before `now`, oldest first; NaN where there is none.
 */
export const lastHour = (samples: Pick<SampleRows, 'times' | 'columns'>, column: string, now: number): number[] => {
  const values = new Array<number>(60).fill(Number.NaN)
  const measured = samples.columns.get(column)
  for (const [row, time] of samples.times.entries()) {
    const minute = Math.floor((time - (now - hourMs)) / minuteMs)
    if (minute >= 0 && minute < values.length) values[minute] = measured?.[row] ?? Number.NaN
  }
  return values
}

import { expect, test } from 'vitest'
import { samplesOf } from '../testing/fixtures/samples.ts'
import { rowsToCsv } from './export-csv.ts'
import { noRows, readSamples } from './sample-rows.ts'

test('each row of the time asked for is a line, with nothing where nothing was measured', () => {
  const rows = readSamples({
    times: Float64Array.of(0, 1000, 2000),
    columns: { a: Float64Array.of(1, Number.NaN, 0.1 + 0.2), b: Float64Array.of(4, 5, 6) },
  })
  expect(rowsToCsv(rows, { from: 1000, to: 2000 })).toBe(
    'time,a,b\r\n1970-01-01T00:00:01.000Z,,5\r\n1970-01-01T00:00:02.000Z,0.30000000000000004,6\r\n',
  )
})

test('a name from a peer is neither read as a formula nor as another column', () => {
  const csv = rowsToCsv(
    {
      ...noRows,
      columns: new Map([
        ['=1+1', new Float64Array()],
        ['a,"b"\r\n', new Float64Array()],
        ['-', new Float64Array()],
      ]),
    },
    { from: 0, to: 1 },
  )
  expect(csv).toBe(`time,'=1+1,"a,""b""\r\n",'-\r\n`)
})

test('all columns of an hour are exported', () => {
  const rows = readSamples(samplesOf({ rows: 100 }))
  const lines = rowsToCsv(rows, { from: 0, to: Number.POSITIVE_INFINITY }).trimEnd().split('\r\n')
  expect(lines).toHaveLength(101)
  for (const line of lines) expect(line.split(',')).toHaveLength(rows.columns.size + 1)
})

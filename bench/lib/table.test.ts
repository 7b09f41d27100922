import { expect, test } from 'vitest'
import type { Baselines } from './baselines.ts'
import { toStored } from './compare.ts'
import { withTable } from './table.ts'

const marks = '<!-- figures: written by `npm run bench -- --table` -->\nold\n<!-- /figures -->'

const run: Baselines = {
  v: 2,
  measuredOn: '2026-11-30',
  command: 'npm run bench -- a',
  machine: { cores: 2, cpu: 'Some CPU', node: 'v26.0.0' },
  figures: [
    toStored({ scenario: 'hit', unit: 'ms', samples: [0.00123], target: 0.2, targetAt: 'p99' }),
    toStored({
      scenario: 'bulk',
      unit: 'MB/s',
      samples: [12],
      target: 20,
      against: { name: 'raw', unit: 'MB/s', p50: 24, p95: 25, p99: 26 },
    }),
  ],
}

test('the table has all figures, the machine, the command and the suites without a run', () => {
  const text = withTable(`# Title\n${marks}\nend\n`, new Map([...([['a', run]] as const), ['b', undefined]]))
  expect(text.split('\n')).toEqual([
    '# Title',
    '<!-- figures: written by `npm run bench -- --table` -->',
    '- `a`: 2 cores of Some CPU, Node v26.0.0, 2026-11-30, `npm run bench -- a`',
    '- Not measured: b.',
    '',
    '| suite | scenario | unit | n | p50 | p95 | p99 | target | pass | against |',
    '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |',
    '| a | hit | ms | 1 | 0.00123 | 0.00123 | 0.00123 | 0.2 (p99) | yes |  |',
    '| a | bulk | MB/s | 1 | 12.0 | 12.0 | 12.0 | 20 | **no** | raw: 24.0 / 25.0 / 26.0 MB/s |',
    '<!-- /figures -->',
    'end',
    '',
  ])
  expect(withTable(text, new Map([['a', run], ...([['b', undefined]] as const)]))).toBe(text)
})

test('a text without the marks is refused', () => {
  expect(() => withTable('# Title', new Map())).toThrow('are missing')
})

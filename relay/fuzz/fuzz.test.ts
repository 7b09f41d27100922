import { expect, it } from 'vitest'
import { fuzz, problems } from './fuzz.ts'

/** For more cases: `npm run fuzz -- --cases 100000 --seed 1`. */
it('relay and page serve on and leak nothing after 2,000 cases of misuse on every port', async () => {
  const cases = 2_000
  const result = await fuzz({ cases, seed: 9 })
  expect(problems(result, cases)).toEqual([])
  // Cases that reach the muxer prove that their handshakes are valid.
  const reached = Object.entries(result.kinds).filter(([kind]) => kind.startsWith('yamux: '))
  expect(reached.map(([, count]) => count).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(cases / 10)
  expect(result.kinds['yamux: no handshake'] ?? 0).toBeLessThan(cases / 20)
})

import { expect, it } from 'vitest'
import { fuzz, problems } from './fuzz.ts'

/** More by `npm run fuzz -- --cases 100000 --seed 1`. */
it('2,000 cases of misuse on every port leave a relay and a page that serve, and nothing held', async () => {
  const cases = 2_000
  const result = await fuzz({ cases, seed: 9 })
  expect(problems(result, cases)).toEqual([])
  // That it got as far as the muxer shows that the handshakes within the cases are good.
  const reached = Object.entries(result.kinds).filter(([kind]) => kind.startsWith('yamux: '))
  expect(reached.map(([, count]) => count).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(cases / 10)
  expect(result.kinds['yamux: no handshake'] ?? 0).toBeLessThan(cases / 20)
})

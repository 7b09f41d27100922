import { expect, test } from 'vitest'
import { Failure } from '../contract/failures.ts'
import type { Step } from '../contract/views.ts'
import { catalogueStep, createStepClock, topicStep } from './connectivity.ts'

test('a step keeps its time while its state stays, even with a new reason', () => {
  let time = 10
  const withTimes = createStepClock<'relay' | 'direct'>(() => time)
  const ok: Step = { state: 'ok' }
  const failed = (relay: string): Step => ({ state: 'failed', reason: { code: 'relay-silent', relay } })
  expect(withTimes({ relay: failed('one'), direct: ok }).relay).toEqual({ ...failed('one'), since: 10 })
  time = 20
  const steps = withTimes({ relay: failed('two'), direct: failed('wall') })
  expect(steps).toEqual({ relay: { ...failed('two'), since: 10 }, direct: { ...failed('wall'), since: 20 } })
  time = 30
  expect(withTimes({ relay: ok, direct: ok }).relay.since).toBe(30)
})

test('sync is stuck after several failed exchanges, not after one', () => {
  const failure = new Failure('Timeout', { code: 'exchange-timed-out' })
  const failed = (times: number) => ({ kind: 'failed', times, failure }) as const
  expect(catalogueStep(5, failed(1), 1).state).toBe('ok')
  expect(catalogueStep(5, failed(3), 1)).toEqual({
    state: 'failed',
    reason: { code: 'after-failure', name: 'Timeout', reason: { code: 'exchange-timed-out' } },
  })
  expect(catalogueStep(5, failed(3), 0).state).toBe('ok')
  expect(catalogueStep(0, { kind: 'none' }, 1).state).toBe('working')
  expect(catalogueStep(0, { kind: 'none' }, 0).state).toBe('waiting')
  expect(catalogueStep(0, { kind: 'ok' }, 0).state).toBe('ok')
})

test('the topic step is ok once the mesh has a peer', () => {
  const state = (followers: number, mesh: number, peers: number) => topicStep({ followers, mesh, peers }).state
  expect([state(2, 1, 2), state(2, 0, 2), state(0, 0, 2), state(0, 0, 0)]).toEqual([
    'ok',
    'working',
    'waiting',
    'waiting',
  ])
})

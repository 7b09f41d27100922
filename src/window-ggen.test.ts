import { describe, expect, test } from 'vitest'
import { Failure } from '../workers/contract/failures.ts'
import type { EngineClient } from './engine/client.ts'
import { createGgen } from './window-ggen.ts'

const compose = (client: Partial<EngineClient>) =>
  createGgen({ ready: Promise.resolve(), ...client } as unknown as EngineClient)

/** What is left of a failure that was thrown in a worker. */
const crossed = ({ name, message }: Failure): Error => Object.assign(new Error(message), { name })

describe('window.ggen', () => {
  test('rejects with the name, the reason and a sentence', async () => {
    const failure = new Failure('PeerUnreachable', { code: 'no-peers-to-query' })
    const ggen = compose({ lookup: () => Promise.reject(crossed(failure)), ready: Promise.reject(crossed(failure)) })
    const said = {
      name: 'PeerUnreachable',
      reason: { code: 'no-peers-to-query' },
      message: 'No connected peers to query. Wait for a connection and try again.',
    }
    await expect(ggen.lookup('x')).rejects.toMatchObject(said)
    await expect(ggen.ready).rejects.toMatchObject(said)
  })

  test('gives warnings as sentences, and findings with one', async () => {
    const reason = { code: 'no-readme' } as const
    const ggen = compose({
      publish: async () => ({ id: 'i', version: '1.0.0', root: 'r', warnings: [reason] }),
      check: async () => ({ ok: true, findings: [{ level: 'warning', name: 'ReadmeMissing', reason }] }) as never,
    })
    const sentence = 'There is no README. The package page would show it.'
    expect(await ggen.publish([])).toEqual({ id: 'i', version: '1.0.0', root: 'r', warnings: [sentence] })
    expect(await ggen.check([])).toMatchObject({ ok: true, findings: [{ reason, message: sentence }] })
  })
})

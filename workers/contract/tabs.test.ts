import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tabCommands } from './command-table.ts'
import { decodeTabMessage, encodeTabMessage, TAB_PROTOCOL_VERSION, type TabMessage, tabMessageFields } from './tabs.ts'

const seed = 3

const messages: TabMessage[] = [
  { kind: 'probe', from: 'a' },
  { kind: 'claim', leader: 'l', stolen: true },
  { kind: 'beat', leader: 'l', up: false, pageSilentMs: 12 },
  { kind: 'updates', leader: 'l', updates: [{ kind: 'library', revision: 1 }] },
  { kind: 'call', from: 'a', id: 0, command: 'search', args: [{}], parts: [{ path: [0, 'bytes'], size: 3 }] },
  {
    kind: 'call',
    from: 'a',
    id: 1,
    command: 'library',
    args: [],
    parts: [],
    trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  },
  { kind: 'call-chunk', from: 'a', id: 0, bytes: new Uint8Array(3) },
  { kind: 'result', leader: 'l', id: 7, value: undefined, parts: [] },
  { kind: 'failure', leader: 'l', id: 7, name: 'NotInstalled', message: 'No.' },
]

describe('messages between tabs', () => {
  test('are decoded as sent, after a structured clone', () => {
    for (const message of messages)
      expect(decodeTabMessage(structuredClone(encodeTabMessage('tab', message)))).toEqual({ ok: true, message })
  })

  test('of another version are decoded as such, with the role of the sender', () => {
    const data = { ...encodeTabMessage('leader', { kind: 'page' }), v: TAB_PROTOCOL_VERSION + 1, kind: 'of the future' }
    expect(decodeTabMessage(data)).toEqual({
      ok: false,
      reason: 'other-version',
      version: TAB_PROTOCOL_VERSION + 1,
      role: 'leader',
    })
  })

  test('decode to malformed for any other data, without throwing', () => {
    const values = Object.values<unknown>({
      none: undefined,
      nothing: null,
      text: 'ggen',
      list: [],
      number: 1,
      hostile: {
        get ggen() {
          throw new Error('no')
        },
      },
      kind: encodeTabMessage('tab', { kind: 'constructor' } as unknown as TabMessage),
      command: encodeTabMessage('tab', { ...messages[4], command: 'stop' } as unknown as TabMessage),
      size: encodeTabMessage('tab', { ...messages[4], parts: [{ path: [], size: 2 ** 40 }] } as unknown as TabMessage),
      negative: encodeTabMessage('tab', { ...messages[4], id: -1 } as unknown as TabMessage),
    })
    for (const value of values) expect(decodeTabMessage(value)).toEqual({ ok: false, reason: 'malformed' })
    fc.assert(
      fc.property(fc.constantFrom(...messages), fc.string(), fc.anything(), (message, field, value) => {
        const names = Object.keys({ ...message, ggen: 0, v: 0, role: 0 })
        for (const name of [...names, field])
          decodeTabMessage({ ...encodeTabMessage('leader', message), [name]: value })
        decodeTabMessage(value)
      }),
      { seed, numRuns: 2_000 },
    )
  })

  test('with a malformed trace are commands without one', () => {
    const call: TabMessage = { kind: 'call', from: 'a', id: 1, command: 'library', args: [], parts: [] }
    for (const trace of [7, {}, null, 'x'.repeat(56), 'x'.repeat(1_048_576)]) {
      const data = { ...encodeTabMessage('tab', call), trace }
      expect(decodeTabMessage(data)).toEqual({ ok: true, message: { ...call, trace: undefined } })
    }
  })

  test('do not change without a new version: tabs of two builds would misread each other', () => {
    const pinned = createHash('sha256')
      .update(JSON.stringify([TAB_PROTOCOL_VERSION, tabMessageFields, tabCommands]))
      .digest('hex')
    expect(pinned.slice(0, 16)).toBe('3f460445e9374423')
  })
})

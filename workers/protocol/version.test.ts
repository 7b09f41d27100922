import { createHash } from 'node:crypto'
import { toJsonSchema } from '@valibot/to-json-schema'
import { describe, expect, test } from 'vitest'
import { forEachSample } from '../testing/arbitraries.ts'
import { type FormatName, wireVersions } from './version.ts'

/**
 * Schema hashes by wire version, current one last. A failure here means that the wire format changed. If old and new
 * versions can read each other (a new optional field, a new kind: see docs/protocol.md §2), add the hash to its
 * version; otherwise raise the format's number in version.ts. Old hashes stay.
 */
const pinned: Record<string, Record<number, readonly string[]>> = {
  identityDocument: { 1: ['9cc1f355b1203e1b', '710b5f2a8066b8e6'] },
  identityChain: { 1: ['a3d2ef4265950eb0', '53f2a3c8ea2517e3'] },
  'signed release': { 1: ['97a5f057dc18fdfc', '69fcca787f8bcc87'] },
  'signed head': { 1: ['76607ada9163aee1', '1a596b83166f4744'] },
  release: { 1: ['1d504e66d3ce6505', 'e8e9e549978f686a'] },
  head: { 1: ['6b25c7b81e3a4566', '42086cabfa0ecf18'] },
  headPage: { 1: ['30c0530db3d2a0ac', 'a88090268346e201'] },
  manifest: { 1: ['5ef363888c296455', 'a9b1618102a9f8d6'] },
  dhtValue: { 1: ['50761524a522b9ed', '40dc41dd3b837b2d'] },
  announcement: { 1: ['476adb63b082c8a8', '48caf8105b908546'] },
  syncMessage: { 1: ['4c15ae9bc6645c66'], 2: ['55a618932b151446', '03de2fad4c32b7fe', '2b52665ec5c29eee'] },
  entryBatch: { 1: ['dbdf8c4c780c272b', '48a972505575acd8'] },
  pieceRequest: { 1: ['80bf45ab7c3eb413', 'ecf6d8530722a6ca', 'fc5f576dc88caf95'] },
  pieceResponse: { 1: ['2cdf8fc408d6a699', '44074f72a4eff009'] },
  queryRequest: { 1: ['f68e6605ae9bd235', 'a2fc6f603cbb759c', '33cb23c2ee16ee06'] },
  queryResponse: { 1: ['09eeb32a4a6d10a1', '194c217e297ca632'] },
}

interface Pinnable {
  readonly schema: Parameters<typeof toJsonSchema>[0]
  readonly maxBytes: number
}

const describeWire = (codec: Pinnable): string => {
  const jsonSchema = toJsonSchema(codec.schema, {
    typeMode: 'input',
    overrideSchema: ({ valibotSchema }) =>
      valibotSchema.type === 'instance' ? { type: 'string', format: 'binary' } : undefined,
    // Rules without a counterpart in JSON Schema are represented by their message.
    overrideAction: ({ valibotAction, jsonSchema }) => {
      const rule = valibotAction as { type: string; requirement?: unknown; message?: unknown }
      const requirement = typeof rule.requirement === 'function' ? '' : String(rule.requirement ?? '')
      const before = typeof jsonSchema.$comment === 'string' ? jsonSchema.$comment : ''
      return { ...jsonSchema, $comment: `${before}${rule.type}(${requirement}): ${String(rule.message)}; ` }
    },
  })
  return JSON.stringify({ maxBytes: codec.maxBytes, jsonSchema })
}

const hashOf = (codec: Pinnable): string => createHash('sha256').update(describeWire(codec)).digest('hex').slice(0, 16)

describe('wire versions', () => {
  const seen = new Set<FormatName>()
  forEachSample((sample) => {
    seen.add(sample.format)
    const name = sample.format === 'envelope' ? sample.codec.name : sample.format
    test(`the schema of ${name} is that of version ${wireVersions[sample.format]}`, () => {
      expect(pinned[name]?.[wireVersions[sample.format]]?.at(-1)).toBe(hashOf(sample.codec))
    })

    test(`the hash of ${name} covers its list items`, () => {
      expect(describeWire(sample.codec)).not.toContain('"items":{}')
    })
  })

  test('every format is pinned', () => {
    expect([...seen].sort()).toEqual(Object.keys(wireVersions).sort())
  })
})

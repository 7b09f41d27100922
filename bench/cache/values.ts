import * as v from 'valibot'
import { createCodec } from '../../workers/protocol/codec.ts'
import { seq, slug, version } from '../../workers/protocol/fields.ts'

/** Cached values: records of about 400 bytes, decoded as strictly as records from peers. */
const codec = createCodec({
  name: 'looked-up package',
  version: 1,
  maxBytes: 4_096,
  schema: v.strictObject({
    v: v.literal(1),
    slug,
    seq,
    description: v.string(),
    versions: v.array(v.strictObject({ version, release: v.instance(Uint8Array) })),
  }),
})

export const valueCodec = {
  encode: (value: object): Uint8Array => codec.encode(value as Parameters<typeof codec.encode>[0]),
  decode: (bytes: Uint8Array): object | undefined => {
    const read = codec.decode(bytes)
    return read.ok ? read.value : undefined
  },
}

export const valueFor = (n: number): object => ({
  v: 1,
  slug: `package-${n}`,
  seq: n + 1,
  description: 'A package of templates for a service. '.repeat(4),
  versions: [0, 1, 2].map((minor) => ({ version: `1.${minor}.${n}`, release: new Uint8Array(32).fill(n % 256) })),
})

/** Keys have the length of a package id. */
export const keyOf = (n: number): string => `7hq3k5v2mzx4d6w8r9tbnc1pf0sgyaejlu3o5i7q2k4v6m8x0dwr/package-${n}`

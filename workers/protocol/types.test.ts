import type * as v from 'valibot'
import { expectTypeOf, test } from 'vitest'
import type { FailureName } from '../contract/failures.ts'
import { announcementCodec } from './announcement.ts'
import type { Codec, createCodec } from './codec.ts'
import type { DecodeFailureName } from './decoded.ts'

/** What the compiler must hold: the hand-written types and the schemas say the same (checked by `tsc`, not at run time). */

test('failures of decoders are documented failures', () => {
  expectTypeOf<DecodeFailureName>().toExtend<FailureName>()
})

test('a codec does not take a schema of another type', () => {
  type Options = Parameters<typeof createCodec<{ readonly n: number }>>[0]
  expectTypeOf<v.GenericSchema<unknown, { n: number }>>().toExtend<Options['schema']>()
  expectTypeOf<v.GenericSchema<unknown, { n: string }>>().not.toExtend<Options['schema']>()
  expectTypeOf<v.GenericSchema<unknown, { n?: number }>>().not.toExtend<Options['schema']>()
  expectTypeOf(announcementCodec).not.toExtend<Codec<string>>()
})

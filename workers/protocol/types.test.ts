import type * as v from 'valibot'
import { expectTypeOf, test } from 'vitest'
import type { FailureName } from '../contract/failures.ts'
import { announcementCodec } from './announcement.ts'
import type { Codec, createCodec } from './codec.ts'
import type { DecodeFailureName } from './decoded.ts'

/** The hand-written types match the schemas. Checked by `tsc`, not at run time. */

test('decoder failures are documented failures', () => {
  expectTypeOf<DecodeFailureName>().toExtend<FailureName>()
})

test('a codec does not accept a schema of another type', () => {
  type Options = Parameters<typeof createCodec<{ readonly n: number }>>[0]
  expectTypeOf<v.GenericSchema<unknown, { n: number }>>().toExtend<Options['schema']>()
  expectTypeOf<v.GenericSchema<unknown, { n: string }>>().not.toExtend<Options['schema']>()
  expectTypeOf<v.GenericSchema<unknown, { n?: number }>>().not.toExtend<Options['schema']>()
  expectTypeOf(announcementCodec).not.toExtend<Codec<string>>()
})

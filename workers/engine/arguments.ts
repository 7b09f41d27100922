import * as v from 'valibot'
import { Failure } from '../contract/failures.ts'
import type { FileInput, LeftOut } from '../contract/views.ts'

/** What scripts hand to commands is only as typed as they are careful: it is checked before it is used. */

const bytesSchema = v.instance(Uint8Array)
const filesSchema = v.array(v.object({ path: v.string(), bytes: bytesSchema }))
const textsSchema = v.array(v.string())

const leftOutSchema = v.array(
  v.object({
    name: v.string(),
    reason: v.picklist(['version-control', 'dependencies', 'build', 'cache', 'editor', 'system', 'chosen']),
    files: v.pipe(v.number(), v.integer(), v.minValue(1)),
    atLeast: v.optional(v.boolean()),
  }),
)

/** @throws Failure `InvalidArgument`. */
export const assertFiles = (files: readonly FileInput[]): void =>
  assertIs(filesSchema, files, 'Files are a list of { path: string, bytes: Uint8Array }.')

/** @throws Failure `InvalidArgument`. */
export const assertSpecs = (specs: readonly string[]): void =>
  assertIs(textsSchema, specs, 'Packages are named by a list of texts, like ["name", "@publisher/name@^1"].')

/** @throws Failure `InvalidArgument`. */
export const assertPaths = (paths: readonly string[]): void =>
  assertIs(textsSchema, paths, 'Private files are confirmed by a list of their paths, like ["certs/test.pem"].')

/** @throws Failure `InvalidArgument`. */
export const assertLeftOut = (leftOut: readonly LeftOut[]): void =>
  assertIs(leftOutSchema, leftOut, 'What was left out is a list of { name, reason, files }, as a check gives it.')

/** @throws Failure `InvalidArgument`. */
export const assertBytes = (bytes: Uint8Array): void => assertIs(bytesSchema, bytes, 'An archive is a Uint8Array.')

const assertIs = (schema: v.GenericSchema, value: unknown, rule: string): void => {
  if (!v.is(schema, value)) throw new Failure('InvalidArgument', rule)
}

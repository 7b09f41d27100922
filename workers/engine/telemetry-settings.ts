import * as v from 'valibot'
import { createCodec } from '../protocol/codec.ts'
import type { Store } from '../store/store.ts'

/** What a person decided about the export of telemetry. */
export interface TelemetrySettings {
  readonly v: 1
  readonly export: boolean
  /** Share of traces, 0 to 1. */
  readonly ratio: number
  /** Of this profile: without it nobody can tell which peer a hash stands for. 32 random bytes. */
  readonly salt: Uint8Array
}

const saltBytes = 32

const telemetrySettingsCodec = createCodec<TelemetrySettings>({
  name: 'telemetry setting',
  version: 1,
  maxBytes: 256,
  schema: v.strictObject({
    v: v.literal(1),
    export: v.boolean(),
    ratio: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
    salt: v.pipe(v.instance(Uint8Array), v.length(saltBytes)),
  }),
})

const key = 'telemetry'

/** Undefined if nothing was decided, and where the store fails or holds something else: then nothing is exported. */
export const readTelemetrySettings = async (store: Pick<Store, 'get'>): Promise<TelemetrySettings | undefined> => {
  try {
    const bytes = await store.get('settings', key)
    const read = bytes === undefined ? undefined : telemetrySettingsCodec.decode(bytes)
    return read?.ok ? read.value : undefined
  } catch {
    return undefined
  }
}

/** @throws Failure `QuotaExceeded` or `StorageUnavailable`. */
export const writeTelemetrySettings = (store: Pick<Store, 'write'>, settings: TelemetrySettings): Promise<void> =>
  store.write([{ table: 'settings', key, value: telemetrySettingsCodec.encode(settings) }], { durability: 'strict' })

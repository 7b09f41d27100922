import { describe, expect, test } from 'vitest'
import type { TransferView } from '../contract/views.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { untraced } from '../telemetry/operation.ts'
import { createInstalls, type InstallsDependencies } from './installs.ts'
import { offline } from './network-concerns.ts'

/** Dependencies for installs of unknown packages: the record is written, then the specs are resolved. */
const compose = () => {
  let runs = 0
  const noted = Promise.withResolvers<void>()
  const begun = { id: 't', specs: ['nobody'], allowMissing: false, startedAt: 1 }
  const transfers = { begin: () => noted.promise, end: () => ended.promise, list: () => [begun] }
  const ended = Promise.withResolvers<void>()
  const installs = createInstalls({
    telemetry: noTelemetry,
    transfers,
    registry: { bySlug: () => [], get: () => undefined },
    library: { list: () => [] },
    trust: { stateOf: () => 'new' },
    network: { ...offline, started: new Promise(() => {}) },
    askPeersForPackages: async () => {},
    signal: new AbortController().signal,
    now: () => 1,
    monotonic: () => 1,
    onTransfer({ state }: TransferView) {
      if (state === 'resolving') runs += 1
    },
  } as unknown as InstallsDependencies)
  return { installs, noted, ended, runs: () => runs }
}

describe('repeated install commands', () => {
  test('join the running transfer with their id, resumed after a hand-over', async () => {
    const { installs, ended, runs } = compose()
    installs.resume()
    const again = installs.install(['nobody'], { transferId: 't' }, untraced())
    await expect(installs.install(['other'], { transferId: 't' }, untraced())).rejects.toMatchObject({
      name: 'InvalidArgument',
    })
    ended.resolve()
    await expect(again).rejects.toMatchObject({ name: 'PackageNotFound' })
    expect(runs()).toBe(1)
  })

  test('join it also when the record is written during the resume', async () => {
    const { installs, noted, ended, runs } = compose()
    const again = installs.install(['nobody'], { transferId: 't' }, untraced())
    installs.resume()
    noted.resolve()
    ended.resolve()
    await expect(again).rejects.toMatchObject({ name: 'PackageNotFound' })
    expect(runs()).toBe(1)
  })
})

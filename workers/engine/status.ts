import type { StartOptions } from '../contract/commands.ts'
import type { Failure } from '../contract/failures.ts'
import type { StepReason } from '../contract/reasons.ts'
import type { StatusView, Step } from '../contract/views.ts'
import type { RtcShim } from '../net/rtc-shim.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import { afterFailure, catalogueStep, createStepClock } from './connectivity.ts'
import type { ProfileKeys } from './keys.ts'
import type { Network } from './network.ts'

export interface StatusDependencies {
  options: Pick<StartOptions, 'profile'>
  keys: ProfileKeys
  store: Pick<Store, 'persistent'>
  rtc: RtcShim | undefined
  /** Why storage is memory only. */
  refusal: Failure | undefined
  network: Promise<Network | undefined>
  clock: Pick<Clock, 'now' | 'aheadMs'>
  catalogueSize(): number
  /** The view may look otherwise now: `view` tells. */
  onChange(): void
}

export interface Status {
  view(): StatusView
  /** Something that the view shows may have changed. */
  changed(): void
  /** What was opened is gone: nothing can be stored until the page is loaded again. */
  storageLost(reason: Failure): void
  /** The node could not be started: everything local works on. */
  networkFailed(error: unknown): void
}

const starting: Step = { state: 'working', reason: { code: 'node-starting' } }

/** Joins what the network, the storage and the catalogue say of themselves into the one view that the page shows. */
export const createStatus = (deps: StatusDependencies): Status => {
  const { keys, rtc } = deps
  let storageFailure = deps.refusal
  let network: Network | undefined
  let failure: StepReason | undefined
  const withTimes = createStepClock<keyof StatusView['steps']>(deps.clock.now)

  const view = (): StatusView => {
    const online = network?.status()
    const idle: Step = failure === undefined ? starting : { state: 'failed', reason: failure }
    const catalogueSize = deps.catalogueSize()
    const clockAheadMs = deps.clock.aheadMs()
    return {
      peerId: keys.nodeId,
      publisherId: keys.identity.publisherId,
      publisherName: keys.identity.name,
      profile: deps.options.profile,
      online: online?.online ?? false,
      relays: online?.relays ?? [],
      connections: online?.connections ?? 0,
      directConnections: online?.directConnections ?? 0,
      catalogueSize,
      catalogueComplete: online?.catalogueComplete ?? false,
      searchablePeers: online?.searchablePeers ?? 0,
      persistent: deps.store.persistent,
      channelPath: rtc?.channelPath() ?? 'none',
      ...(clockAheadMs === undefined ? {} : { clockAheadMs }),
      steps: withTimes({
        relay: online?.steps.relay ?? idle,
        reservation: online?.steps.reservation ?? idle,
        direct: online?.steps.direct ?? idle,
        topic: online?.steps.topic ?? idle,
        catalogue: catalogueStep(catalogueSize, online?.exchange ?? { kind: 'none' }, online?.connectedPeers ?? 0),
        storage:
          storageFailure === undefined ? { state: 'ok' } : { state: 'failed', reason: afterFailure(storageFailure) },
      }),
    }
  }

  const changed = deps.onChange

  void deps.network.then((started) => {
    network = started
    changed()
  })

  return {
    view,
    changed,
    storageLost(reason) {
      storageFailure ??= reason
      changed()
    },
    networkFailed(error) {
      failure = { code: 'node-not-started', detail: error instanceof Error ? error.message : String(error) }
      changed()
    },
  }
}

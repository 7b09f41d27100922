import type { StartOptions } from '../contract/commands.ts'
import type { Failure } from '../contract/failures.ts'
import type { StatusView, Step } from '../contract/views.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import { afterFailure, catalogueStep, createStepClock } from './connectivity.ts'
import type { IdentityService } from './identity.ts'
import type { NodeKey } from './keys.ts'
import type { Network, NetworkState } from './network.ts'
import type { NetworkStatus } from './network-concerns.ts'
import type { WebRtc } from './platform.ts'

export interface StatusDependencies {
  options: Pick<StartOptions, 'profile'>
  nodeKey: Pick<NodeKey, 'id'>
  identity: Pick<IdentityService, 'current'>
  store: Pick<Store, 'persistent'>
  webRtc: Pick<WebRtc, 'channelPath'> | undefined
  /** Why storage is in memory only. */
  refusal: Failure | undefined
  network: Pick<Network, 'state' | 'status'>
  clock: Pick<Clock, 'now' | 'aheadMs'>
  catalogueSize(): number
  /** Called when the view may have changed. */
  onChange(): void
}

export interface Status {
  view(): StatusView
  /** Reports that the view may have changed. */
  changed(): void
  /** Reports the loss of the open store: nothing can be stored until the page is reloaded. */
  storageLost(reason: Failure): void
}

const starting: Step = { state: 'working', reason: { code: 'node-starting' } }

/** Combines the states of network, storage and catalogue into the view that the page shows. */
export const createStatus = (deps: StatusDependencies): Status => {
  const { nodeKey, identity, network, webRtc } = deps
  let storageFailure = deps.refusal
  const withTimes = createStepClock<keyof StatusView['steps']>(deps.clock.now)

  const view = (): StatusView => {
    const { steps = idleSteps(network.state()), ...online } = network.status()
    const catalogueSize = deps.catalogueSize()
    const clockAheadMs = deps.clock.aheadMs()
    return {
      peerId: nodeKey.id,
      publisherId: identity.current().publisherId,
      publisherName: identity.current().name,
      profile: deps.options.profile,
      online: online.online,
      relays: online.relays,
      connections: online.connections,
      directConnections: online.directConnections,
      catalogueSize,
      catalogueComplete: online.catalogueComplete,
      searchablePeers: online.searchablePeers,
      persistent: deps.store.persistent,
      channelPath: webRtc?.channelPath() ?? 'none',
      ...(clockAheadMs === undefined ? {} : { clockAheadMs }),
      steps: withTimes({
        ...steps,
        catalogue: catalogueStep(catalogueSize, online.exchange, online.connectedPeers),
        storage:
          storageFailure === undefined ? { state: 'ok' } : { state: 'failed', reason: afterFailure(storageFailure) },
      }),
    }
  }

  const changed = deps.onChange

  return {
    view,
    changed,
    storageLost(reason) {
      storageFailure ??= reason
      changed()
    },
  }
}

/** Steps while the node does not run. */
const idleSteps = (network: NetworkState): NonNullable<NetworkStatus['steps']> => {
  const idle: Step = network.kind === 'failed' ? couldNotStart(network.error) : starting
  return { relay: idle, reservation: idle, direct: idle, topic: idle }
}

const couldNotStart = (error: unknown): Step => ({
  state: 'failed',
  reason: { code: 'node-not-started', detail: error instanceof Error ? error.message : String(error) },
})

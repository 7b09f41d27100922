import type { Outbox } from '../registry/outbox.ts'
import type { Registry } from '../registry/registry.ts'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { IdentityService } from './identity.ts'
import type { NetworkConcerns } from './network-concerns.ts'

/** Delay before a change that reached no peer is sent again (ms), even if no peer has connected since. */
const retryMs = 15_000

export interface IdentityAnnouncementDependencies {
  telemetry: Pick<Telemetry, 'tracer'>
  registry: Pick<Registry, 'packagesOf' | 'announcementFor' | 'exclusive'>
  outbox: Pick<Outbox, 'identityChange' | 'markIdentitySent' | 'list' | 'markSent'>
  identity: Pick<IdentityService, 'current'>
  network: {
    readonly announcements: NetworkConcerns['announcements']
    readonly sync: Pick<NetworkConcerns['sync'], 'syncWithPeers'>
  }
  signal: AbortSignal
}

export interface IdentityAnnouncement {
  /** Sends the identity change in the outbox, if any. */
  send(): void
  /** Clears the timer; work in progress ends with `signal`. */
  stop(): void
}

/**
 * Publishes a change of the own identity: announces every own package with the new chain, and syncs catalogues, which
 * also carries an identity that has no package left to announce.
 *
 * The entry leaves the outbox once a sync exchange has given a peer all entries. It does not wait for the DHT: each
 * start puts all own heads with the current chain.
 */
export const createIdentityAnnouncement = (deps: IdentityAnnouncementDependencies): IdentityAnnouncement => {
  const { telemetry, registry, outbox, identity, network, signal } = deps
  /** Packages announced with the identity document `announcedSeq`. */
  const announced = new Set<string>()
  let announcedSeq = 0
  let retryTimer: ReturnType<typeof setTimeout> | undefined

  const announcePackages = async (): Promise<void> => {
    for (const { id } of registry.packagesOf(identity.current().publisherId)) {
      if (signal.aborted || network.announcements.audience() === 0) return
      const announcement = registry.announcementFor(id)
      if (announcement === undefined || announced.has(id)) continue
      const announce = async (operation: Operation): Promise<number> => {
        const reached = await network.announcements.announce(announcement, operation)
        operation.span.setAttributes({ peers: reached })
        return reached
      }
      const attributes = { package: id, identity: true }
      const peers = await runOperation(telemetry.tracer, 'announce', signal, announce, attributes).catch(() => 0)
      if (peers > 0) announced.add(id)
    }
  }

  const sending = createCoalescedRun(async () => {
    const entry = outbox.identityChange()
    if (entry === undefined || signal.aborted) return
    if (entry.seq !== announcedSeq) announced.clear()
    announcedSeq = entry.seq
    try {
      const [peers] = await Promise.all([network.sync.syncWithPeers(), announcePackages()])
      if (peers === 0) return retryLater()
      // In the queue, because a change being stored enters the outbox only after its write, which this must not undo.
      await registry.exclusive(async () => {
        // Publications of a revoked identity can no longer be announced.
        if (identity.current().revoked) for (const { id, seq } of outbox.list()) await outbox.markSent(id, seq)
        await outbox.markIdentitySent(entry.seq)
      })
    } catch {
      retryLater()
    }
  })

  const send = (): void => void sending.ask()

  const retryLater = (): void => {
    if (signal.aborted) return
    retryTimer ??= setTimeout(() => {
      retryTimer = undefined
      send()
    }, retryMs)
  }

  return { send, stop: () => clearTimeout(retryTimer) }
}

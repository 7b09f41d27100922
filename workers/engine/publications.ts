import type { PublicationView } from '../contract/views.ts'
import type { Outbox, PublicationEntry } from '../registry/outbox.ts'
import type { Registry } from '../registry/registry.ts'
import { createCoalescedRun, createCoalescedRuns } from '../stack/coalesced-runs.ts'
import { createSemaphore } from '../stack/semaphore.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { NetworkConcerns } from './network-concerns.ts'
import { createPublicationOperations } from './publication-operations.ts'

/** DHT puts in parallel; each is a lookup that dials peers. */
const parallelPuts = 3

/** Delay before a failed publication is retried (ms), even if no peer has connected since: one may have returned. */
const retryMs = 15_000

export interface PublicationsDependencies {
  telemetry: Pick<Telemetry, 'tracer'>
  registry: Registry
  outbox: Outbox
  network: PublicationsNetwork
  signal: AbortSignal
  onChange(publication: PublicationView): void
}

export interface PublicationsNetwork {
  readonly announcements: NetworkConcerns['announcements']
  readonly dht: Pick<NetworkConcerns['dht'], 'putHead' | 'provide'>
  readonly peers: Pick<NetworkConcerns['peers'], 'connectionCount'>
  readonly sync: Pick<NetworkConcerns['sync'], 'syncNow'>
}

export interface Publications {
  /**
   * Sends the outbox: after a publish, or when a subscriber has connected.
   * @param published The change that was just stored. What is sent for it belongs to its trace, although the command has
   * ended by then.
   */
  sendAll(published?: { id: string; operation: Operation }): void
  /** Clears the timers; work in progress ends with `signal`. */
  stop(): void
}

/** Progress of publishing the newest head of a package. */
interface Progress {
  readonly view: PublicationView
  readonly seq: number
  put: 'waiting' | 'done' | 'failed'
}

/**
 * Publishes own packages to the network: gossips an announcement, puts the head into the DHT, and provides the content.
 * Announcements do not wait for puts: a put takes seconds, and a peer that subscribes meanwhile is sent the
 * announcement at once.
 *
 * An entry leaves the outbox once a peer has received the announcement and the put has ended. An entry that only the
 * DHT has stored reaches only peers that look it up, so it is still announced to the next subscriber. The outbox is
 * durable: a closed tab or a missing network only delays an entry.
 */
export const createPublications = (deps: PublicationsDependencies): Publications => {
  const { telemetry, registry, outbox, signal, onChange } = deps
  const { announcements, dht, peers, sync } = deps.network
  const puts = createSemaphore(parallelPuts)
  const progressById = new Map<string, Progress>()
  const operations = createPublicationOperations(telemetry.tracer, signal)
  let retryTimer: ReturnType<typeof setTimeout> | undefined

  const progressOf = ({ id, slug, version, publishedAt, seq }: PublicationEntry): Progress => {
    const before = progressById.get(id)
    if (before?.seq === seq) return before
    const counts = { acknowledgements: 0, announcedTo: 0 }
    const view: PublicationView = { id, slug, version, publishedAt, state: 'sending', ...counts }
    const progress: Progress = { view, seq, put: 'waiting' }
    progressById.set(id, progress)
    return progress
  }

  const report = ({ view }: Progress, change: Partial<PublicationView>): void => {
    Object.assign(view, change)
    onChange({ ...view })
  }

  const retryLater = (): void => {
    if (!signal.aborted) retryTimer ??= setTimeout(retry, retryMs)
  }

  /** Removes an entry from the outbox when it is announced and put. */
  const settle = async ({ id, seq }: PublicationEntry, { view, put }: Progress): Promise<void> => {
    if (put === 'waiting') return
    if (view.announcedTo === 0) return retryLater()
    try {
      // A version that is being stored is in the outbox only after its write, which this must not undo.
      if (await registry.exclusive(() => outbox.markSent(id, seq))) progressById.delete(id)
    } catch {
      retryLater()
    }
  }

  const announcing = createCoalescedRun(async () => {
    for (const { id } of outbox.list()) {
      // Read again: a newer version may have been published during another announcement.
      const entry = outbox.get(id)
      if (signal.aborted) return
      if (entry === undefined) {
        operations.skip('announce', id)
        continue
      }
      const progress = progressOf(entry)
      const announcement = registry.announcementFor(id)
      if (progress.view.announcedTo === 0 && announcement !== undefined && announcements.audience() > 0) {
        const announce = async (operation: Operation): Promise<number> => {
          const peers = await announcements.announce(announcement, operation)
          operation.span.setAttributes({ peers })
          return peers
        }
        const announcedTo = await operations.run('announce', id, announce).catch(() => 0)
        if (announcedTo > 0) report(progress, { announcedTo, ...(progress.put === 'waiting' ? {} : { state: 'sent' }) })
      } else operations.skip('announce', id)
      await settle(entry, progress)
    }
  })

  const putting = createCoalescedRuns(async (id: string) => {
    await puts.run(signal, async () => {
      const entry = outbox.get(id)
      if (entry === undefined || signal.aborted || peers.connectionCount() === 0) return operations.skip('dht_put', id)
      const progress = progressOf(entry)
      if (progress.put === 'done') return operations.skip('dht_put', id)
      report(progress, { state: 'sending' })
      const confirmed = await operations.run('dht_put', id, (operation) => put(entry, progress, operation))
      progress.put = confirmed > 0 ? 'done' : 'failed'
      const { announcedTo } = progress.view
      report(progress, { state: confirmed + announcedTo > 0 ? 'sent' : 'stored', acknowledgements: confirmed })
      // Sync sends it to a peer that missed the announcement.
      if (announcedTo === 0 && confirmed > 0) sync.syncNow()
      await settle(entry, progress)
    })
  })

  const put = async (entry: PublicationEntry, progress: Progress, operation: Operation): Promise<number> => {
    const { id, version } = entry
    const dhtValue = registry.dhtValueFor(id)
    const root = registry.get(id)?.versions.find((each) => each.version === version)?.release?.release.root
    const onConfirmed = (acknowledgements: number): void => report(progress, { acknowledgements })
    const [acknowledgements, providers] = await Promise.all([
      dhtValue === undefined ? 0 : dht.putHead(dhtValue.key, dhtValue.value, operation, onConfirmed).catch(() => 0),
      root === undefined ? 0 : dht.provide(root, operation).catch(() => 0),
    ])
    operation.span.setAttributes({ acknowledgements, providers })
    return acknowledgements
  }

  const sendAll: Publications['sendAll'] = (published) => {
    if (signal.aborted) return
    if (published !== undefined && outbox.get(published.id) !== undefined) {
      const { id, operation } = published
      if (announcements.audience() > 0) operations.begin('announce', id, operation)
      if (peers.connectionCount() > 0) operations.begin('dht_put', id, operation)
    }
    // An end by the engine's signal is no failure.
    announcing.ask().catch(() => {})
    for (const { id } of outbox.list()) putting.ask(id).catch(() => {})
  }

  const retry = (): void => {
    retryTimer = undefined
    sendAll()
  }

  return {
    sendAll,
    stop() {
      clearTimeout(retryTimer)
      operations.stop()
    },
  }
}

import type { PublicationView } from '../contract/views.ts'
import type { Outbox, OutboxEntry } from '../registry/outbox.ts'
import type { Registry } from '../registry/registry.ts'
import type { Network } from './network.ts'

/** Publications that are sent at the same time: each is a DHT walk, which dials. */
const parallelSends = 3

/** What could be handed to nobody is tried again after this long, ms, also when no peer came (one may have come back). */
const retryMs = 15_000

export interface PublicationsDependencies {
  registry: Registry
  outbox: Outbox
  network: Promise<Network | undefined>
  signal: AbortSignal
  onChange(publication: PublicationView): void
}

export interface Publications {
  /** Sends what the outbox holds: after a publish, or when somebody came who can take it. */
  sendAll(): void
  /** Drops the timers; what is under way ends with `signal`. */
  stop(): void
}

/**
 * Brings own publications to the network: announced by gossip, its head put into the DHT, its content provided.
 *
 * An entry leaves the outbox once at least one peer was told of it: what only the DHT has taken is known to who asks for
 * it, so it is told when somebody comes who listens. Durable before: a closed tab or a missing network only delays it.
 */
export const createPublications = (deps: PublicationsDependencies): Publications => {
  const { registry, outbox, network, signal, onChange } = deps
  const sending = new Set<string>()
  /** What could be handed to nobody in this round. */
  const resting = new Set<string>()
  let retryTimer: ReturnType<typeof setTimeout> | undefined

  const sendNext = async (): Promise<void> => {
    const online = await network
    if (online === undefined || signal.aborted) return
    if (online.audience() === 0 && online.status().connections === 0) return
    for (const entry of outbox.list()) {
      if (sending.size >= parallelSends) return
      if (sending.has(entry.id) || resting.has(entry.id)) continue
      sending.add(entry.id)
      void send(entry, online).then(
        () => {
          sending.delete(entry.id)
          void sendNext()
        },
        () => {
          sending.delete(entry.id)
          // Not at once again: the others go first, and the retry timer or the next peer comes back to it.
          resting.add(entry.id)
          void sendNext()
        },
      )
    }
  }

  const send = async (entry: OutboxEntry, online: Network): Promise<void> => {
    const { id, slug, version, publishedAt, seq } = entry
    const progress: PublicationView = {
      id,
      slug,
      version,
      publishedAt,
      state: 'sending',
      acknowledgements: 0,
      announcedTo: 0,
    }
    const report = (change: Partial<PublicationView>): void => {
      Object.assign(progress, change)
      onChange({ ...progress })
    }
    report({})
    const announcement = registry.announcementFor(id)
    const dhtValue = registry.dhtValueFor(id)
    const root = registry.get(id)?.versions.find((each) => each.version === version)?.release?.release.root

    const isHeard = announcement !== undefined && online.audience() > 0
    const announced = isHeard ? await online.announce(announcement).catch(() => 0) : 0
    report({ announcedTo: announced })
    const [confirmed] = await Promise.all([
      dhtValue === undefined
        ? 0
        : online
            .putHead(dhtValue.key, dhtValue.value, signal, (count) => report({ acknowledgements: count }))
            .catch(() => 0),
      root === undefined ? 0 : online.provide(root, signal).catch(() => 0),
    ])
    if (announced === 0 && confirmed === 0) {
      if (!signal.aborted) retryTimer ??= setTimeout(retry, retryMs)
      report({ state: 'stored' })
      throw new Error('Nobody took the publication.')
    }
    report({ state: 'sent', acknowledgements: confirmed, announcedTo: announced })
    if (announced > 0) {
      await outbox.markSent(id, seq)
      return
    }
    // Who missed it is given it by sync; and who follows the announcements is told when one can be.
    online.syncNow()
    resting.add(id)
    if (!signal.aborted) retryTimer ??= setTimeout(retry, retryMs)
  }

  const sendAll = (): void => {
    resting.clear()
    void sendNext()
  }

  const retry = (): void => {
    retryTimer = undefined
    sendAll()
  }

  return {
    sendAll,
    stop: () => clearTimeout(retryTimer),
  }
}

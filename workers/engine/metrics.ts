import type { MetricsView } from '../contract/views.ts'

/** What is counted; bytes are of package content. */
export type CounterName =
  | 'packages_published'
  | 'packages_installed'
  | 'gossip_messages_received'
  | 'piece_bytes_received'
  | 'piece_bytes_sent'

export interface Metrics {
  count(name: CounterName, by?: number): void
  view(): MetricsView
}

/** Counters since the engine started. */
export const createMetrics = (): Metrics => {
  const countByName: Record<CounterName, number> = {
    packages_published: 0,
    packages_installed: 0,
    gossip_messages_received: 0,
    piece_bytes_received: 0,
    piece_bytes_sent: 0,
  }
  return {
    count(name, by = 1) {
      countByName[name] += by
    },
    view: () => ({ ...countByName }),
  }
}

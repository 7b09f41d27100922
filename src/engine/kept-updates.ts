import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type { EngineClient } from './client.ts'

/**
 * Keeps what the engine tells until it is taken, which ends it: a notice that comes while the page is still being loaded
 * is told once only.
 */
export const keepUpdates = (client: Pick<EngineClient, 'subscribe'>): { take(): readonly UpdateBatch[] } => {
  const kept: UpdateBatch[] = []
  const stop = client.subscribe((batch) => kept.push(batch))
  return {
    take() {
      stop()
      return kept.splice(0)
    },
  }
}

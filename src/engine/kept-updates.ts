import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type { EngineClient } from './client.ts'

/**
 * Buffers updates until they are taken, then stops: the engine sends a notice only once, possibly while the page is
 * still loading.
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

import { createHash } from 'node:crypto'
import type { Registry } from '../registry/registry.ts'
import { tableNames } from '../store/store.ts'
import type { EnginePeer } from './network.ts'

/** The result of a registry for entries or an announcement from a peer. */
export interface Judgement {
  readonly from: string
  readonly accepted: number
  /** Failures by name. */
  readonly names: readonly string[]
}

/** Collects the judgements of a registry, oldest first. */
export const watchJudgements = (registry: Registry): readonly Judgement[] => {
  const judgements: Judgement[] = []
  const { ingest, receiveAnnouncement } = registry
  registry.ingest = async (entries, options) => {
    const result = await ingest(entries, options)
    judgements.push({ from: options.from, accepted: result.accepted, names: result.failures.map(({ name }) => name) })
    return result
  }
  registry.receiveAnnouncement = async (bytes, options) => {
    const outcome = await receiveAnnouncement(bytes, options)
    const { verdict, failure } = outcome
    judgements.push({
      from: options.from,
      accepted: verdict === 'new' ? 1 : 0,
      names: failure === undefined ? [] : [failure.name],
    })
    return outcome
  }
  return judgements
}

/**
 * A digest of every row on the disk of an engine, to prove that nothing changed. It excludes reputation, which changes
 * with the behaviour of peers, the outbox, which empties as peers connect, and the engine's own measurements, which it
 * stores every minute.
 */
export const rowsOf = async ({ disk, flush }: EnginePeer): Promise<Record<string, string>> => {
  await flush()
  const rows: Record<string, string> = {}
  for (const table of tableNames.filter((name) => name !== 'peers' && name !== 'outbox'))
    for (const [key, value] of await disk.entries(table))
      if (!key.startsWith('samples/')) rows[`${table} ${key}`] = createHash('sha256').update(value).digest('hex')
  return rows
}

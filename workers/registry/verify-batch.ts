import type { CryptoProvider } from '../protocol/crypto.ts'
import { type Entry, entryId, isEntryKind } from '../protocol/entry.ts'
import { toHex } from '../protocol/ids.ts'
import type { Catalogue } from './catalogue.ts'
import { checkSize, type Verification, verifyEntry } from './verify-entry.ts'

/** Entries verified in parallel: enough to keep the cores busy, few enough to free the event loop between batches. */
export const verifyBatch = 256

/** Identities before the records they sign, heads before the pages they name. */
const order: readonly ((kind: string) => boolean)[] = [
  (kind) => kind === 'identity',
  (kind) => kind === 'head',
  (kind) => kind === 'page' || kind === 'release',
  (kind) => !isEntryKind(kind),
]

/** Verifies entries in dependency order. The caller must add each one to the catalogue before it takes the next. */
export async function* verifyInOrder(
  entries: readonly Entry[],
  catalogue: Catalogue,
  crypto: CryptoProvider,
): AsyncGenerator<readonly [Entry, Verification | 'known']> {
  const isDuplicate = async (entry: Entry): Promise<boolean> =>
    catalogue.records.entry(toHex(await entryId(entry, crypto)))?.kind === entry.kind
  const verifyUnlessDuplicate = async (entry: Entry): Promise<Verification | 'known'> =>
    // Hashing costs a third of a verification, and most entries from gossip are duplicates.
    checkSize(entry) === undefined && (await isDuplicate(entry)) ? 'known' : verifyEntry(entry, catalogue, crypto)
  for (const isInGroup of order) {
    const group = entries.filter(({ kind }) => isInGroup(kind))
    for (let at = 0; at < group.length; at += verifyBatch) {
      const batch = group.slice(at, at + verifyBatch)
      const verifications = await Promise.all(batch.map(verifyUnlessDuplicate))
      for (const [i, verification] of verifications.entries()) {
        const entry = batch[i]
        if (entry !== undefined) yield [entry, verification]
      }
    }
  }
}

import type { CryptoProvider } from '../protocol/crypto.ts'
import { type Entry, entryId, isEntryKind } from '../protocol/entry.ts'
import { toHex } from '../protocol/ids.ts'
import type { Catalogue } from './catalogue.ts'
import { findFault, type Verification, verifyEntry } from './verify.ts'

/** Entries that are verified at once: keeps the cores busy, and the event loop free between two batches. */
export const verifyBatch = 256

/** Identities before what they sign, heads before the pages that they name, whatever the order in which they came. */
const order: readonly ((kind: string) => boolean)[] = [
  (kind) => kind === 'identity',
  (kind) => kind === 'head',
  (kind) => kind === 'page' || kind === 'release',
  (kind) => !isEntryKind(kind),
]

/** Verifies entries in the order in which they can be judged; each is to be taken in before the next is asked for. */
export async function* verifyInOrder(
  entries: readonly Entry[],
  catalogue: Catalogue,
  crypto: CryptoProvider,
): AsyncGenerator<readonly [Entry, Verification | 'known']> {
  const isKnown = async (entry: Entry): Promise<boolean> =>
    catalogue.shelf.entry(toHex(await entryId(entry, crypto)))?.kind === entry.kind
  const verifyUnlessKnown = async (entry: Entry): Promise<Verification | 'known'> =>
    // Hashing is a third of the work of verifying, and most of what gossip brings is known.
    findFault(entry) === undefined && (await isKnown(entry)) ? 'known' : verifyEntry(entry, catalogue, crypto)
  for (const isInGroup of order) {
    const group = entries.filter(({ kind }) => isInGroup(kind))
    for (let at = 0; at < group.length; at += verifyBatch) {
      const batch = group.slice(at, at + verifyBatch)
      const verifications = await Promise.all(batch.map(verifyUnlessKnown))
      for (const [i, verification] of verifications.entries()) {
        const entry = batch[i]
        if (entry !== undefined) yield [entry, verification]
      }
    }
  }
}

import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import { headPageCodec, signHead } from '../protocol/head.ts'
import { type PublisherId, toHex } from '../protocol/ids.ts'
import type { CataloguePackage, VerifiedEntry } from './catalogue.ts'
import type { Registry } from './registry.ts'

/**
 * Re-signs the heads of all packages of a publisher with `signer` and the next sequence number. Returns them with their
 * pages.
 *
 * Peers drop heads by keys that the identity no longer lists. Stored together with the identity that lists the new key,
 * the new heads keep the packages alive. The versions do not change, even if pages are missing.
 */
export const resignHeads = async (
  registry: Pick<Registry, 'packagesOf' | 'entriesById'>,
  publisher: PublisherId,
  signer: Signer,
  crypto: CryptoProvider,
): Promise<VerifiedEntry[]> => {
  const entries: VerifiedEntry[] = []
  for (const found of registry.packagesOf(publisher)) {
    const before = found.head.head
    const head = await signHead({ ...before, seq: before.seq + 1 }, signer, crypto)
    entries.push(
      { kind: 'head', id: toHex(head.hash), head, key: signer.publicKey },
      ...(await pagesOf(registry, found)),
    )
  }
  return entries
}

/** Returns the stored pages of a head, newest first. */
const pagesOf = async (
  registry: Pick<Registry, 'entriesById'>,
  { head, publisher, slug }: CataloguePackage,
): Promise<VerifiedEntry[]> => {
  const pages: VerifiedEntry[] = []
  let next = head.head.older
  while (next !== null) {
    const [entry] = await registry.entriesById([next])
    const page = entry?.kind === 'page' ? headPageCodec.decode(entry.bytes) : undefined
    if (entry === undefined || page?.ok !== true) break
    // As in the catalogue, a page of another package does not count.
    if (page.value.publisher !== publisher || page.value.slug !== slug) break
    pages.push({ kind: 'page', id: toHex(next), page: page.value, bytes: entry.bytes })
    next = page.value.older
  }
  return pages
}

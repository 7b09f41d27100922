import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import { headPageCodec, signHead } from '../protocol/head.ts'
import { type PublisherId, toHex } from '../protocol/ids.ts'
import type { CataloguePackage, VerifiedEntry } from './catalogue.ts'
import type { Registry } from './registry.ts'

/**
 * The heads of all packages of a publisher as states of their own, signed by `signer`, with their pages.
 *
 * Peers drop heads by keys that the identity no longer lists. Stored together with the identity that lists the new key,
 * these keep the packages alive. The versions stay as they are, also where their pages are missing.
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

/** The pages of a head that are here, newest first. */
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
    // As the catalogue: a hash leads to what is a page of this package, or to nothing.
    if (page.value.publisher !== publisher || page.value.slug !== slug) break
    pages.push({ kind: 'page', id: toHex(next), page: page.value, bytes: entry.bytes })
    next = page.value.older
  }
  return pages
}

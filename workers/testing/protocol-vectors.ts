import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import { encodeDhtValue } from '../protocol/dht-value.ts'
import { buildHead, signHead } from '../protocol/head.ts'
import { createIdentity, updateIdentity } from '../protocol/identity.ts'
import { rootToText, toHex } from '../protocol/ids.ts'
import { contentRoot, manifestCodec } from '../protocol/manifest.ts'
import { signRelease } from '../protocol/release.ts'

/**
 * One record of each signed kind from fixed keys, as hashes: Node and browsers must produce the same bytes, now and in
 * later versions.
 */
export const createVectors = async (
  createSigner: (seed: Uint8Array) => Promise<Signer>,
  crypto: CryptoProvider,
): Promise<Record<string, string>> => {
  const rotation = await createSigner(new Uint8Array(32).fill(1))
  const signer = await createSigner(new Uint8Array(32).fill(2))
  const genesis = await createIdentity({ name: 'Zoë', rotation, signingKey: signer.publicKey }, crypto)
  const identity = await updateIdentity(genesis, { name: 'Zoë 😀' }, [rotation], crypto)
  const manifestBytes = manifestCodec.encode({
    v: 1,
    files: [
      { path: 'README.md', size: 300_000, sha256: new Uint8Array(32).fill(3) },
      { path: 'ö/日本.sh', size: 1, executable: true, sha256: new Uint8Array(32).fill(4) },
    ],
    pieceSize: 262_144,
    size: 300_001,
    pieces: [new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)],
  })
  const root = await contentRoot(manifestBytes, crypto)
  const release = await signRelease(
    {
      v: 1,
      publisher: identity.publisherId,
      slug: 'a.b',
      version: '1.0.0',
      root,
      size: 300_001,
      fileCount: 2,
      dependencies: [{ kind: 'package', name: 'c', range: '^1.0.0', optional: false }],
      seq: 1,
      prevRelease: null,
      publishedAt: 1_700_000_000_000,
      displayName: 'A b 😀',
      description: 'Zoë’s templates — 日本語.',
      category: 'showcase',
      tags: ['rust'],
      keywords: [],
      license: 'MIT',
      authors: ['Zoë <zoe@example.org>'],
      repository: '',
      hasTemplates: true,
    },
    signer,
    crypto,
  )
  const versions = Array.from({ length: 40 }, (_, i) => ({ version: `1.${39 - i}.0`, release: release.hash }))
  const built = await buildHead({ publisher: identity.publisherId, slug: 'a.b', seq: 7, versions }, crypto)
  const head = await signHead(built.head, signer, crypto)
  const hashOf = async (bytes: Uint8Array | undefined) => toHex(await crypto.sha256(bytes ?? new Uint8Array()))
  return {
    publisherId: identity.publisherId,
    identity: await hashOf(identity.chain),
    root: rootToText(root),
    release: await hashOf(release.bytes),
    head: await hashOf(head.bytes),
    page: toHex(built.pages[0]?.hash ?? new Uint8Array()),
    dhtValue: await hashOf(encodeDhtValue(identity, head)),
  }
}

export const expectedVectors: Record<string, string> = {
  publisherId: 'psezjndh7pyf4p24eox6sl3xizoph5b65ftv3tqgg3rrlfnmkqeq',
  identity: '6e45accd4eac5bdb427bf974eb7925c68d26d73e8fe39b00b35594601894f8cb',
  root: 'bafyreif36leu6xrols4thntianyych6wllqsorpojrmku4i5c7tyhekctu',
  release: 'e22eba1112ae5530a9ba68b5c8231bbc63ffe78e072336c7430179bdf88a0c26',
  head: '3805dfc4ab435abc8f7b906d2e56dcc6486220f17e419fc7c776d4aeb1e0bf13',
  page: 'fdffd7e48471190a106a7f46233735923d3e01cfa3fa99074f234397ee3a5476',
  dhtValue: '57277b7d35f864791dc463cd9c4077f8e85b59d7f22fca80735384f4ea54b92c',
}

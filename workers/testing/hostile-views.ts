import fc from 'fast-check'
import { failureReasons } from '../contract/failure-reasons.ts'
import { findingReasons } from '../contract/finding-reasons.ts'
import type { FailureReason, HealthReason, StepReason, WarningReason } from '../contract/reasons.ts'
import { healthReasons, stepReasons, warningReasons } from '../contract/status-reasons.ts'
import type {
  InstallPlan,
  LibraryEntry,
  PackageCheck,
  PeerView,
  StatusView,
  StepState,
  TransferState,
  TransferView,
} from '../contract/views.ts'
import type { Entry } from '../protocol/entry.ts'
import { buildHead, signHead, type VersionEntry } from '../protocol/head.ts'
import { createIdentity } from '../protocol/identity.ts'
import { isPublisherName, packageId, rootToText } from '../protocol/ids.ts'
import { type Release, releaseCodec, signRelease } from '../protocol/release.ts'
import { isLine } from '../protocol/text.ts'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { path, release, slug, version } from './arbitraries.ts'
import { hostileReason } from './reason-arbitraries.ts'

/**
 * The worst values that a peer can sign and a tab can store: valid by the rules of the protocol, and unexpected by the
 * design of a page.
 */

/** Numbers at the limits of records, dates and counts. */
const edgeTimes = fc.oneof(
  fc.maxSafeInteger().map(Math.abs),
  fc.constantFrom(0, 1, 8.64e15 - 1, 8.64e15, 8.64e15 + 1, 9e15, Number.MAX_SAFE_INTEGER, 253_402_300_800_000),
  fc.nat({ max: 4e12 }),
)

/** Valid lines: invisible, one long word, stacked marks, right-to-left, markup. */
const edgeLine = (max: number, min = 1) =>
  fc
    .oneof(
      fc.string({ unit: 'binary', maxLength: max }),
      fc.constantFrom(
        ...['\u200d', '\u3164', '\u2800', '\ufe0f', '\u{e0001}', '\u034f', 'W'.repeat(max), '\u05d0'.repeat(max)],
        ...[`a${'\u0301'.repeat(max)}`, '<img src=x onerror=alert(1)>', '__proto__', 'constructor', '%', '"\'&<>', '…'],
        ...['javascript:alert(1)', 'https://[', 'http://example.org/%E0%A4%A', 'mailto:', '{{x}}', 'toString'],
      ),
    )
    .map((text) => [...text.normalize('NFC').trim()].slice(0, max).join('').trim())
    .filter((text) => isLine(text, max) && text.length >= min)

const edgeLines = (maxEntries: number, max: number) => fc.uniqueArray(edgeLine(max), { maxLength: maxEntries })

/** Releases at the limits of validity. */
const edgeRelease: fc.Arbitrary<Release> = fc
  .tuple(
    release,
    fc.record({
      publishedAt: edgeTimes,
      displayName: edgeLine(100),
      description: edgeLine(300, 0),
      category: edgeLine(50),
      tags: edgeLines(8, 50),
      keywords: edgeLines(8, 50),
      license: edgeLine(100, 0),
      authors: edgeLines(4, 100),
      repository: edgeLine(256, 0),
      size: fc.constantFrom(0, 1, 999, 100_000_000),
      fileCount: fc.constantFrom(1, 1000),
      version: fc.oneof(version, fc.constantFrom('0.0.0', `1.2.3-${'a'.repeat(58)}`, `${Number.MAX_SAFE_INTEGER}.0.0`)),
      dependencies: fc.array(
        fc.record({
          kind: fc.constantFrom('external', 'asset', 'unknown'),
          name: fc.oneof(edgeLine(214), fc.constant('twice')),
          range: fc.oneof(edgeLine(128, 0), fc.constant('')),
          optional: fc.boolean(),
        }),
        { maxLength: 6 },
      ),
    }),
  )
  .map(([valid, edge]): Release => {
    const merged: Release = { ...valid, ...edge }
    // The whole record has a limit too: an oversized one keeps its extreme values but loses its lists.
    return fits(merged) ? merged : { ...merged, dependencies: [], keywords: [], tags: [], closure: [] }
  })

export const edgeName = edgeLine(40).filter(isPublisherName)

const fits = (candidate: Release): boolean => {
  try {
    return releaseCodec.encode(candidate).length < 15_000
  } catch {
    return false
  }
}

/** Signs an identity, and a package with these releases as its versions. */
export const signEntries = async (
  name: string,
  packages: readonly (readonly Release[])[],
  seed: number,
): Promise<{ entries: Entry[]; ids: string[] }> => {
  const signer = await createSigner(new Uint8Array(32).fill(seed))
  const rotation = await createSigner(new Uint8Array(32).fill(seed + 100))
  const identity = await createIdentity({ name, rotation, signingKey: signer.publicKey }, webCrypto)
  const publisher = identity.publisherId
  const entries: Entry[] = [{ kind: 'identity', bytes: identity.chain }]
  const ids: string[] = []
  for (const releases of packages) {
    const [first] = releases
    if (first === undefined) continue
    const versions: VersionEntry[] = []
    for (const each of releases) {
      if (versions.some((entry) => entry.version === each.version)) continue
      const signed = await signRelease({ ...each, publisher, slug: first.slug }, signer, webCrypto)
      entries.push({ kind: 'release', bytes: signed.bytes })
      versions.push({ version: each.version, release: signed.hash })
    }
    const built = await buildHead({ publisher, slug: first.slug, seq: 1, versions }, webCrypto)
    const head = await signHead(built.head, signer, webCrypto)
    entries.push({ kind: 'head', bytes: head.bytes })
    ids.push(packageId(publisher, first.slug))
  }
  return { entries, ids }
}

export const edgePackages = fc.uniqueArray(fc.array(edgeRelease, { minLength: 1, maxLength: 3 }), {
  selector: ([first]) => first?.slug,
  minLength: 1,
  maxLength: 4,
})

/** A row of the library as an older version, or a wrong clock, may have stored it. */
export const edgeLibraryEntry = (ids: readonly string[]): fc.Arbitrary<LibraryEntry> =>
  fc.record({
    id: fc.constantFrom(...ids),
    slug,
    version,
    displayName: edgeLine(100),
    publisherName: edgeLine(40),
    root: fc.constant(rootToText(new Uint8Array(32).fill(7))),
    size: fc.constantFrom(0, 100_000_000),
    installedAt: edgeTimes,
    asDependency: fc.boolean(),
    files: fc.uniqueArray(fc.record({ path, size: fc.nat({ max: 1e8 }), sha256: fc.constant('0'.repeat(64)) }), {
      selector: (file) => file.path,
      maxLength: 4,
    }),
  })

const anyNumber = fc.oneof(edgeTimes, fc.double())
const anyText = fc.string({ unit: 'binary', maxLength: 60 })
const stepState = fc.constantFrom<StepState>('waiting', 'working', 'ok', 'failed')
const failureReason = hostileReason({ ...failureReasons, ...findingReasons }) as fc.Arbitrary<FailureReason>
const stepReason = fc.option(hostileReason(stepReasons), { nil: undefined }) as fc.Arbitrary<StepReason | undefined>
const step = fc.record({ state: stepState, reason: stepReason, since: anyNumber })

export const edgeTransfer: fc.Arbitrary<TransferView> = fc.record(
  {
    id: fc.uuid(),
    specs: fc.array(anyText, { maxLength: 3 }),
    state: fc.constantFrom<TransferState>('resolving', 'finding', 'fetching', 'verifying', 'failed', 'cancelled'),
    bytes: anyNumber,
    totalBytes: anyNumber,
    sources: anyNumber,
    startedAt: anyNumber,
    failure: fc.record({ name: anyText, reason: failureReason }),
  },
  { requiredKeys: ['id', 'specs', 'state', 'bytes', 'totalBytes', 'sources', 'startedAt'] },
)

export const edgePeer: fc.Arbitrary<PeerView> = fc.record(
  {
    peerId: anyText,
    kind: fc.constantFrom('relay', 'peer'),
    path: fc.constantFrom('direct', 'relayed'),
    address: anyText,
    rttMs: anyNumber,
    connectedAt: anyNumber,
    health: fc.constantFrom('healthy', 'degraded', 'unhealthy'),
    healthReason: hostileReason(healthReasons) as fc.Arbitrary<HealthReason>,
    kept: fc.boolean(),
    score: anyNumber,
    bytesIn: anyNumber,
    bytesOut: anyNumber,
    recentBytesIn: anyNumber,
    recentBytesOut: anyNumber,
  },
  {
    requiredKeys: [
      'peerId',
      'kind',
      'path',
      'address',
      'connectedAt',
      'health',
      'healthReason',
      'kept',
      'score',
      'bytesIn',
      'bytesOut',
      'recentBytesIn',
      'recentBytesOut',
    ],
  },
)

export const edgeStatus: fc.Arbitrary<StatusView> = fc.record({
  peerId: anyText,
  publisherId: anyText,
  publisherName: edgeLine(40),
  profile: anyText,
  online: fc.boolean(),
  relays: fc.uniqueArray(
    fc.record({ address: anyText, connected: fc.boolean(), reserved: fc.boolean(), reason: stepReason }),
    { selector: ({ address }) => address, maxLength: 3 },
  ),
  connections: anyNumber,
  directConnections: anyNumber,
  catalogueSize: anyNumber,
  catalogueComplete: fc.boolean(),
  searchablePeers: fc.nat({ max: 3 }),
  persistent: fc.boolean(),
  channelPath: fc.constantFrom('transfer', 'message', 'none'),
  clockAheadMs: anyNumber,
  steps: fc.record({ relay: step, reservation: step, direct: step, topic: step, catalogue: step, storage: step }),
})

export const edgePlan: fc.Arbitrary<InstallPlan> = fc.record({
  packages: fc.uniqueArray(
    fc.record({
      id: anyText,
      version: anyText,
      root: anyText,
      slug: anyText,
      size: anyNumber,
      installed: fc.boolean(),
      requiredBy: fc.array(anyText, { maxLength: 2 }),
    }),
    { selector: ({ id, version }) => `${id}@${version}`, minLength: 1, maxLength: 3 },
  ),
  bytes: anyNumber,
  warnings: fc.array(
    fc.oneof(
      hostileReason(warningReasons) as fc.Arbitrary<WarningReason>,
      fc.constant({ code: 'yanked-chosen', package: 'twice', version: '1.0.0' } as const),
    ),
    { maxLength: 3 },
  ),
})

/** A package of this profile, as read from a hostile manifest. */
export const edgeCheck: fc.Arbitrary<PackageCheck> = fc.record({
  ok: fc.boolean(),
  findings: fc.array(
    fc.record(
      {
        level: fc.constantFrom('error', 'warning', 'note'),
        name: fc.oneof(anyText, fc.constantFrom('NameInvalid', 'PrivateFile', 'LeftOut')),
        reason: failureReason,
        path: anyText,
        line: anyNumber,
        column: anyNumber,
      },
      { requiredKeys: ['level', 'name', 'reason'] },
    ),
    { maxLength: 5 },
  ),
  fields: fc.record({
    slug: anyText,
    version: anyText,
    displayName: anyText,
    description: anyText,
    category: anyText,
    license: anyText,
    repository: anyText,
    tags: fc.array(anyText),
    keywords: fc.array(anyText),
    authors: fc.array(anyText),
  }),
  dependencies: fc.array(
    fc.record({
      name: fc.oneof(anyText, fc.constant('twice')),
      range: anyText,
      optional: fc.boolean(),
      kind: fc.constantFrom('package', 'external', 'asset', 'unknown'),
    }),
    { maxLength: 4 },
  ),
  files: fc.uniqueArray(fc.record({ path: anyText, size: anyNumber }), { selector: (each) => each.path, maxLength: 3 }),
  leftOut: fc.array(
    fc.record(
      {
        name: anyText,
        reason: fc.constantFrom('version-control', 'dependencies', 'build', 'cache', 'editor', 'system', 'chosen'),
        files: anyNumber,
        atLeast: fc.boolean(),
      },
      { requiredKeys: ['name', 'reason', 'files'] },
    ),
    { maxLength: 3 },
  ),
  size: anyNumber,
})

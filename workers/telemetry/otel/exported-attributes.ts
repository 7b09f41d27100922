import type { AttributeValue } from '../telemetry.ts'

/**
 * What leaves the machine of an attribute. An allow-list: numbers and flags, words of this program under keys that are
 * listed here, ids of packages and roots of contents, which are public, and peers as hashes. Anything else, such as an
 * address, a file name or what a person typed, stays here.
 */
export type ExportedAttributes = Record<string, AttributeValue>

/** Returns the hash under which a peer is exported. */
export type HashPeer = (peer: string) => Promise<string>

/** Keys whose values are words that this program defines: outcomes, kinds, names of commands and protocols. */
export const exportedWords: ReadonlySet<string> = new Set([
  'bucket',
  'cause',
  'code',
  'command',
  'direction',
  'failure',
  'from',
  'health',
  'kind',
  'mode',
  'outcome',
  'path',
  'protocol',
  'purpose',
  'reason',
  'result',
  'source',
  'state',
  'status',
  'step',
  'tier',
  'transport',
  'type',
  'verdict',
])

/** Keys whose values are the id or DHT key of a package, its version or the root of a content: the catalogue's data. */
export const exportedIds: ReadonlySet<string> = new Set(['id', 'key', 'package', 'root', 'version'])

const keyForm = /^[a-z][a-z0-9_.]{0,39}$/
/** Shorter than any peer id, and without the characters of addresses, file names in folders and sentences. */
const wordForm = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/
/** A range of scores, which labels `bucket`: series that differ only by it must not become one. */
const rangeForm = /^\d\.\d-\d\.\d$/
const protocolForm = /^\/(?:ggen|ipfs|libp2p|meshsub|floodsub|webrtc-signaling)(?:\/[a-z0-9.-]{1,20}){0,4}$/
const packageForm = /^(?:\/ggen\/)?[a-z2-7]{51}[aq]\/[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/
const versionForm = /^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[0-9A-Za-z.-]{1,20})?$/
const rootForm = /^bafyrei[a-z2-7]{52}$/

/** Peer ids: an Ed25519 or secp256k1 key, a SHA-256 of an RSA key, or any of them as a CID. */
const peerForm = /^(?:12D3KooW|16Uiu2HA|Qm)[1-9A-HJ-NP-Za-km-z]{40,50}$|^k[0-9a-z]{50,70}$|^bafz[a-z2-7]{50,70}$/

export const sanitiseAttributes = async (
  attributes: Readonly<Record<string, unknown>>,
  hashPeer: HashPeer,
): Promise<ExportedAttributes> => {
  const exported: ExportedAttributes = {}
  for (const [key, value] of Object.entries(attributes)) {
    if (!keyForm.test(key)) continue
    if (typeof value === 'number' || typeof value === 'boolean') exported[key] = value
    if (typeof value !== 'string') continue
    if (peerForm.test(value)) exported[key] = await hashPeer(value)
    else if (isPublic(key, value)) exported[key] = value
  }
  return exported
}

/** The attributes of a metric: the same, without peers, of which none has any. */
export const sanitiseLabels = (attributes: Readonly<Record<string, unknown>>): ExportedAttributes =>
  Object.fromEntries(
    Object.entries(attributes).filter(
      (entry): entry is [string, AttributeValue] =>
        keyForm.test(entry[0]) &&
        (typeof entry[1] === 'number' ||
          typeof entry[1] === 'boolean' ||
          (typeof entry[1] === 'string' && !peerForm.test(entry[1]) && isPublic(entry[0], entry[1]))),
    ),
  )

/** A name of a span, event or failure as it is exported: a word of this program, or none. */
export const sanitiseName = (name: string): string => (nameForm.test(name) ? name : 'other')

const nameForm = /^[A-Za-z][A-Za-z0-9_. -]{0,39}$/

const isPublic = (key: string, value: string): boolean =>
  exportedIds.has(key)
    ? packageForm.test(value) || rootForm.test(value) || (key === 'version' && versionForm.test(value))
    : exportedWords.has(key) &&
      (wordForm.test(value) || protocolForm.test(value) || (key === 'bucket' && rangeForm.test(value)))

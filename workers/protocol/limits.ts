/**
 * Every limit of the wire formats, in bytes unless the name says otherwise. Sizes are checked before anything is
 * decoded. Raising one is a change of the protocol: older peers refuse what is larger.
 */

const KIB = 1024

// Content

/** One piece. Large enough that 100 MB are 400 hashes, small enough that a bad one costs little to fetch again. */
export const PIECE_BYTES = 262_144

/** Files of one package (docs/protocol.md §6). */
export const MAX_FILES = 1000

/** Sum of the file sizes of one package: 100 MB (docs/protocol.md §6), decimal, so that 101 MB are over it in any unit. */
export const MAX_PACKAGE_BYTES = 100_000_000

/** Pieces that a package of the largest size has. */
export const MAX_PIECES = Math.ceil(MAX_PACKAGE_BYTES / PIECE_BYTES)

/** A path in UTF-8; with a folder before it, it stays under the 1,024 bytes that macOS allows. */
export const MAX_PATH_BYTES = 512

/** One segment of a path in UTF-8: the limit of ext4, NTFS and APFS. */
export const MAX_SEGMENT_BYTES = 255

/** An encoded manifest: 1,000 files with the longest paths take 650 KiB. */
export const MANIFEST_MAX_BYTES = 1024 * KIB

/** CBOR items of a manifest: 9 for a file, 1 for a piece, rounded up to a power of two. */
export const MANIFEST_MAX_ITEMS = 16_384

// Cryptography

/** A SHA-256 digest, an Ed25519 public key. */
export const HASH_BYTES = 32
export const KEY_BYTES = 32

/** An Ed25519 signature. */
export const SIGNATURE_BYTES = 64

/** Room for other types of keys and their signatures: Ed448 has 57 and 114, compressed P-521 67 and 132. */
export const MAX_KEY_BYTES = 72
export const MAX_SIGNATURE_BYTES = 144

// Records

/** A signed head with its envelope: what a DHT node keeps for a stranger (docs/protocol.md §5). */
export const HEAD_MAX_BYTES = KIB

/** A signed release with its envelope: text fields, 128 dependencies and a closure, one gossip message with room. */
export const RELEASE_MAX_BYTES = 16 * KIB

/** One page of older versions: about 60 versions, one network packet or three. */
export const PAGE_MAX_BYTES = 4 * KIB

/** All identity documents of a publisher; every DHT value and announcement carries them. */
export const IDENTITY_CHAIN_MAX_BYTES = 8 * KIB

/** One identity document with 16 keys and the longest name. */
export const IDENTITY_DOCUMENT_MAX_BYTES = KIB

/** Documents of a chain: at least four a year for six years; bounds the signatures to check. */
export const MAX_IDENTITY_DOCUMENTS = 24

/** Keys in each list of an identity document: several people or devices, few signatures to check. */
export const MAX_IDENTITY_KEYS = 8

/** A signed record of a kind that this version does not know. */
export const OTHER_RECORD_MAX_BYTES = RELEASE_MAX_BYTES

/** What a record of an unknown kind is about, such as a package id with a few words; in characters. */
export const MAX_SUBJECT_CHARACTERS = 200

/** An identity chain, a head, the map around them, and 1 KiB for fields of later versions. */
export const DHT_VALUE_MAX_BYTES = IDENTITY_CHAIN_MAX_BYTES + HEAD_MAX_BYTES + 64 + KIB

/** Versions inside a head or page: no more than fit in a page at the smallest size of an entry. */
export const MAX_VERSIONS_INLINE = 128

/** Versions of one package that `buildHead` takes: a release a day for eleven years. */
export const MAX_VERSIONS = 4096

/** CBOR items of a record without a limit of its own: a release with all lists full has about 2,400. */
export const DEFAULT_MAX_ITEMS = 4096

/** Nesting of CBOR lists and maps. Our deepest record has four levels. */
export const MAX_DEPTH = 8

// Text, in characters (code points)

/** Package names: short enough for a file name, a DHT key and a line of a list; real ones have up to 30. */
export const MAX_SLUG_CHARACTERS = 64

/** A publisher's own name, shown before every package. */
export const MAX_PUBLISHER_NAME_CHARACTERS = 40

/** Versions; the longest in use, with a pre-release and a commit id, have about 50. */
export const MAX_VERSION_CHARACTERS = 64

/** Ranges; also bounds the work of parsing them. */
export const MAX_RANGE_CHARACTERS = 128

/** A whole spec `@name~1a2b3c4d/slug@range`, as typed. */
export const MAX_SPEC_CHARACTERS = 320

/** Display name: one line of a list. */
export const MAX_DISPLAY_NAME_CHARACTERS = 100

/** Description (docs/protocol.md §6). */
export const MAX_DESCRIPTION_CHARACTERS = 300

/** Category, tag or keyword: one word or a few. */
export const MAX_TAG_CHARACTERS = 50

/** Licence: an SPDX expression of several licences. */
export const MAX_LICENSE_CHARACTERS = 100

/** One author with an address. */
export const MAX_AUTHOR_CHARACTERS = 100

/** A web address of a repository. */
export const MAX_REPOSITORY_CHARACTERS = 256

/** A dependency's name: an npm name has at most 214 characters, a path more rarely. */
export const MAX_DEPENDENCY_NAME_CHARACTERS = 214

// Lists of a release, in entries

/** Tags: a person types them; the largest real package has 10. */
export const MAX_TAGS = 32

/** Keywords: also made by tools. */
export const MAX_KEYWORDS = 64

export const MAX_AUTHORS = 32

/** Dependencies of one release: the largest real package has 19. */
export const MAX_DEPENDENCIES = 128

/** Releases that a publisher resolved the dependencies to: 64 entries take about 11 KiB of the record. */
export const MAX_CLOSURE = 64

// Messages

/** A gossip message (docs/protocol.md §7). */
export const ANNOUNCEMENT_MAX_BYTES = 64 * KIB

/** One message of the catalogue exchange: a few network buffers, so that one peer cannot fill memory. */
export const SYNC_MESSAGE_MAX_BYTES = 64 * KIB

/** Digest of the ids in a range, and the start of an id by which it is named: 128 bits, as in Negentropy. */
export const SYNC_FINGERPRINT_BYTES = 16
export const SYNC_PREFIX_BYTES = 16

/** Ids listed for one range: a range that one side splits is shared by few, one that it lists has at most 12. */
export const MAX_SYNC_LIST = 32

/** Ranges in one sync message: some 11 KB of fingerprints, a few milliseconds to read. */
export const MAX_SYNC_RANGES = 512

/** Bytes of the fingerprints and lists put into one sync message: leaves room for bounds, and for ids asked for. */
export const SYNC_RANGES_BYTES = 24 * KIB

/** Ids asked for in one sync message: 16 KiB. */
export const MAX_SYNC_WANTS = 1024

/** CBOR items of a sync message: four a range. */
export const SYNC_MESSAGE_MAX_ITEMS = 4096

/** Entries in one batch: the smallest take about 200 bytes. */
export const MAX_SYNC_ENTRIES = 256

/** Sum of the sizes of the entries put into one batch, so that it fits a message even where it does not compress. */
export const SYNC_BATCH_BYTES = 48 * KIB

/** A batch with the maps around its entries; what a compressed one may unfold to. */
export const ENTRY_BATCH_MAX_BYTES = 56 * KIB

/** A batch compressed: deflate makes nothing larger by more than 5 bytes in 16 KiB. */
export const DEFLATED_BATCH_MAX_BYTES = ENTRY_BATCH_MAX_BYTES + KIB

/**
 * A request for pieces or the header of a response, without the piece: 0.2 KiB, and room for fields of later versions,
 * such as a trace context.
 */
export const PIECE_MESSAGE_MAX_BYTES = KIB

/** Pieces asked for at once: 4 MiB, four times what one peer may have outstanding. */
export const MAX_PIECES_WANTED = 16

/** Request numbers count up within one stream; 32 bits are enough for any stream's life. */
export const MAX_REQUEST_ID = 0xffff_ffff

/** A text that others are asked for: as much as the search field takes. */
export const MAX_QUERY_TEXT_CHARACTERS = 200

/** A publisher as a filter: its id, or its name, which is shorter. */
export const MAX_QUERY_PUBLISHER_CHARACTERS = 52

/** A question to another peer: its texts in the longest UTF-8 take 1.9 KiB; the rest is for fields of later versions. */
export const QUERY_REQUEST_MAX_BYTES = 4 * KIB

/** Packages of one answer: what fits on a screen; who wants the rest has the catalogue exchange. */
export const MAX_QUERY_PACKAGES = 20

/** Entries of one answer: identity, head and release of each package, or as many releases and pages of one. */
export const MAX_QUERY_ENTRIES = 3 * MAX_QUERY_PACKAGES

/** Sum of the sizes of the entries of one answer: 20 packages at 1.2 KiB twice over, or one at its largest. */
export const QUERY_ENTRIES_BYTES = 48 * KIB

/** An answer with the maps around its entries. */
export const QUERY_RESPONSE_MAX_BYTES = 52 * KIB

/** CBOR items of a question, and of an answer: five an entry. */
export const QUERY_REQUEST_MAX_ITEMS = 128
export const QUERY_RESPONSE_MAX_ITEMS = 1024

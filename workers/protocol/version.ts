/**
 * Wire versions, the `v` of each format. A change that older peers cannot read needs a new number; one that they can
 * ignore does not (docs/protocol.md §2). `version.test.ts` pins the hash of each schema, so that none changes
 * unnoticed.
 */
export const wireVersions = {
  identityDocument: 1,
  identityChain: 1,
  envelope: 1,
  release: 1,
  head: 1,
  headPage: 1,
  manifest: 1,
  dhtValue: 1,
  announcement: 1,
  syncMessage: 2,
  entryBatch: 1,
  pieceRequest: 1,
  pieceResponse: 1,
  queryRequest: 1,
  queryResponse: 1,
} as const

export type FormatName = keyof typeof wireVersions

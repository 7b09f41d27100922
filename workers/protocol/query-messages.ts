import * as v from 'valibot'
import { createCodec } from './codec.ts'
import { type Entry, entrySchema } from './entry.ts'
import { integer, line, openRecord, publisherId, shortList, slug, token } from './fields.ts'
import type { PublisherId } from './ids.ts'
import {
  MAX_LICENSE_CHARACTERS,
  MAX_QUERY_ENTRIES,
  MAX_QUERY_PACKAGES,
  MAX_QUERY_PUBLISHER_CHARACTERS,
  MAX_QUERY_TEXT_CHARACTERS,
  MAX_TAG_CHARACTERS,
  QUERY_ENTRIES_BYTES,
  QUERY_REQUEST_MAX_BYTES,
  QUERY_REQUEST_MAX_ITEMS,
  QUERY_RESPONSE_MAX_BYTES,
  QUERY_RESPONSE_MAX_ITEMS,
} from './limits.ts'
import { wireVersions } from './version.ts'

/**
 * Messages over `/ggen/query/1.0.0`: one request and one response per stream. A response contains only signed entries,
 * which the requester verifies and ranks itself.
 */
export type QueryRequest = SearchRequest | DescribeRequest

/** A field of requests: the requester's span as W3C `traceparent`. Anything else in it is ignored. */
interface Traced {
  readonly trace?: unknown
}

/** Requests packages that match a text, best first. An empty text matches all packages, newest first. */
export interface SearchRequest extends Traced {
  readonly v: 1
  readonly type: 'search'
  readonly text: string
  readonly filters: SearchFilters
  /** Maximum number of packages. */
  readonly limit: number
}

/** A missing field does not filter. */
export interface SearchFilters {
  readonly category?: string
  readonly tag?: string
  readonly license?: string
  /** A publisher's id or name. */
  readonly publisher?: string
}

/** Requests all entries of one package. */
export interface DescribeRequest extends Traced {
  readonly v: 1
  readonly type: 'describe'
  readonly publisher: PublisherId
  readonly slug: string
}

export interface QueryResponse {
  readonly v: 1
  /**
   * `ok`; `refused`: the peer is rate-limiting and may answer later; `unsupported`: it does not support this type of
   * request. Any other status belongs to a later version and counts as `refused`.
   */
  readonly status: string
  /** Identity, head and release of each package, each identity once. */
  readonly entries: readonly Entry[]
}

const requestVersion = v.literal(wireVersions.queryRequest, 'another version is expected')

export const queryRequestCodec = createCodec<QueryRequest>({
  name: 'query request',
  version: wireVersions.queryRequest,
  maxBytes: QUERY_REQUEST_MAX_BYTES,
  maxItems: QUERY_REQUEST_MAX_ITEMS,
  schema: v.variant(
    'type',
    [
      openRecord({
        v: requestVersion,
        type: v.literal('search'),
        text: line(0, MAX_QUERY_TEXT_CHARACTERS),
        filters: openRecord({
          category: v.exactOptional(line(1, MAX_TAG_CHARACTERS)),
          tag: v.exactOptional(line(1, MAX_TAG_CHARACTERS)),
          license: v.exactOptional(line(1, MAX_LICENSE_CHARACTERS)),
          publisher: v.exactOptional(line(1, MAX_QUERY_PUBLISHER_CHARACTERS)),
        }),
        limit: integer(1, MAX_QUERY_PACKAGES),
        trace: v.exactOptional(v.unknown()),
      }),
      openRecord({
        v: requestVersion,
        type: v.literal('describe'),
        publisher: publisherId,
        slug,
        trace: v.exactOptional(v.unknown()),
      }),
    ],
    'a kind of question is expected',
  ),
})

const otherRequestCodec = createCodec({
  name: 'query request',
  version: Number.MAX_SAFE_INTEGER,
  maxBytes: QUERY_REQUEST_MAX_BYTES,
  maxItems: QUERY_REQUEST_MAX_ITEMS,
  schema: openRecord({ v: integer(1), type: token }),
})

/** Returns whether a request is of a later version or unknown type, to be answered with `unsupported`. Total. */
export const isOtherQueryRequest = (request: Uint8Array): boolean => {
  const read = otherRequestCodec.decode(request)
  return read.ok && (read.value.v > wireVersions.queryRequest || !supportedTypes.includes(read.value.type))
}

const supportedTypes: readonly string[] = ['search', 'describe'] satisfies QueryRequest['type'][]

export const queryResponseCodec = createCodec<QueryResponse>({
  name: 'query response',
  version: wireVersions.queryResponse,
  maxBytes: QUERY_RESPONSE_MAX_BYTES,
  maxItems: QUERY_RESPONSE_MAX_ITEMS,
  schema: v.pipe(
    openRecord({
      v: v.literal(wireVersions.queryResponse, 'another version is expected'),
      status: token,
      entries: shortList(entrySchema, 0, MAX_QUERY_ENTRIES),
    }),
    v.check(({ status, entries }) => status !== 'refused' || entries.length === 0, 'a refusal holds no entries'),
    v.check(
      ({ entries }) => entries.reduce((sum, { bytes }) => sum + bytes.length, 0) <= QUERY_ENTRIES_BYTES,
      `entries of at most ${QUERY_ENTRIES_BYTES} bytes are expected`,
    ),
  ),
})

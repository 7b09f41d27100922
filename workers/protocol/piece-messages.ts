import * as v from 'valibot'
import { createCodec } from './codec.ts'
import { hash, integer, openRecord, shortList, token } from './fields.ts'
import {
  MANIFEST_MAX_BYTES,
  MAX_PIECES,
  MAX_PIECES_WANTED,
  MAX_REQUEST_ID,
  PIECE_BYTES,
  PIECE_MESSAGE_MAX_BYTES,
} from './limits.ts'
import { wireVersions } from './version.ts'

/**
 * Messages over `/ggen/piece/1.0.0`. A request names the manifest or some pieces of one content. Each is answered by a
 * header frame and, if the status is `ok`, a second frame with `size` raw bytes.
 */

export interface PieceRequest {
  readonly v: 1
  /** Chosen by the requester, repeated in the responses. */
  readonly id: number
  readonly root: Uint8Array
  /** Ascending piece numbers. A map belongs to a later version and is answered with `refused`. */
  readonly want: 'manifest' | readonly number[] | { readonly [field: string]: unknown }
  /** The requester's span as W3C `traceparent`. Anything else in it is ignored. */
  readonly trace?: unknown
}

export interface PieceResponse {
  readonly v: 1
  readonly id: number
  /** `ok`, `absent` or `refused`. Any other status belongs to a later version and counts as `refused`. */
  readonly status: string
  /** Piece number; missing for a manifest. */
  readonly piece?: number
  /** Number of bytes that follow; 0 unless the status is `ok`. */
  readonly size: number
}

const requestId = integer(0, MAX_REQUEST_ID)
const pieceNumber = integer(0, MAX_PIECES - 1)

const isMap = (want: unknown): want is { readonly [field: string]: unknown } =>
  typeof want === 'object' && want !== null && !Array.isArray(want) && !(want instanceof Uint8Array)

export const pieceRequestCodec = createCodec<PieceRequest>({
  name: 'piece request',
  version: wireVersions.pieceRequest,
  maxBytes: PIECE_MESSAGE_MAX_BYTES,
  schema: openRecord({
    v: v.literal(wireVersions.pieceRequest, 'another version is expected'),
    id: requestId,
    root: hash,
    want: v.union([
      v.literal('manifest'),
      v.pipe(
        shortList(pieceNumber, 1, MAX_PIECES_WANTED),
        v.check(
          (numbers) => numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? n)),
          'the piece numbers are not in order',
        ),
      ),
      v.pipe(v.unknown(), v.guard(isMap, 'a map is expected')),
    ]),
    trace: v.exactOptional(v.unknown()),
  }),
})

export const pieceResponseCodec = createCodec<PieceResponse>({
  name: 'piece response',
  version: wireVersions.pieceResponse,
  maxBytes: PIECE_MESSAGE_MAX_BYTES,
  schema: v.pipe(
    openRecord({
      v: v.literal(wireVersions.pieceResponse, 'another version is expected'),
      id: requestId,
      status: token,
      piece: v.exactOptional(pieceNumber),
      size: integer(0, MANIFEST_MAX_BYTES),
    }),
    v.check(({ status, size }) => (status === 'ok') === size > 0, 'bytes follow exactly when the status is ok'),
    v.check(({ piece, size }) => piece === undefined || size <= PIECE_BYTES, 'a piece is not that large'),
  ),
})

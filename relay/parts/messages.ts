import type { RelayHealth } from '../create-relay.ts'

/** Message from a part to its supervisor. */
export type FromPart =
  /** The part serves at this port. `addresses` are the relay's multiaddrs, or the page's origin. */
  | { kind: 'ready'; port: number; addresses: string[] }
  /** The part cannot start, for a reason that an operator can fix. */
  | { kind: 'failed'; message: string }
  /** The page server requests the relay's health. */
  | { kind: 'health-request'; requestId: number }
  | { kind: 'health'; requestId: number; health: RelayHealth | undefined }
  /** The page server requests the relay's metrics, as Prometheus text. */
  | { kind: 'metrics-request'; requestId: number }
  | { kind: 'metrics'; requestId: number; text: string | undefined }

/** Message from the supervisor to a part. A part stops when the channel closes. */
export type ToPart =
  | { kind: 'health-request'; requestId: number }
  | { kind: 'health'; requestId: number; health: RelayHealth | undefined }
  | { kind: 'metrics-request'; requestId: number }
  | { kind: 'metrics'; requestId: number; text: string | undefined }
  /** The relay's multiaddrs, for the page server; empty until the relay has started once. */
  | { kind: 'addresses'; addresses: string[] }

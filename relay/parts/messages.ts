import type { RelayHealth } from '../create-relay.ts'

/** What a part says to the process that started it. */
export type FromPart =
  /** It serves, at this port; the relay says its multiaddrs too. */
  | { kind: 'ready'; port: number; addresses: string[] }
  /** It cannot start, for a reason that a person can mend. */
  | { kind: 'failed'; message: string }
  /** The page asks how the relay is. */
  | { kind: 'ask-health'; question: number }
  | { kind: 'health'; question: number; health: RelayHealth | undefined }

/** What the supervisor says to a part. A part stops when the channel ends. */
export type ToPart =
  | { kind: 'ask-health'; question: number }
  | { kind: 'health'; question: number; health: RelayHealth | undefined }
  /** For the page: the relay's multiaddrs, none until it has been up once. */
  | { kind: 'addresses'; addresses: string[] }

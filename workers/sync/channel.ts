import { Failure } from '../contract/failures.ts'
import { isOtherSyncMessage, type SyncMessage, syncMessageCodec } from '../protocol/sync-messages.ts'
import type { Operation } from '../telemetry/operation.ts'

/** Whole messages in both directions. `receive` rejects when the other side ends, sends a wrong length or is silent. */
export interface SyncChannel {
  /** The exchange that runs over it. */
  readonly operation: Operation
  send(message: Uint8Array): Promise<void>
  receive(): Promise<Uint8Array>
}

export type Message<Type extends SyncMessage['type']> = Extract<SyncMessage, { type: Type }>

export const send = (channel: SyncChannel, message: SyncMessage): Promise<void> =>
  channel.send(syncMessageCodec.encode(message))

/** Unknown message types accepted before a known one. */
const maxSkipped = 16

/** The next message, raw and decoded; skips message types of later versions. */
const next = async (channel: SyncChannel) => {
  for (let skipped = 0; ; skipped++) {
    const message = await channel.receive()
    const decoded = syncMessageCodec.decode(message)
    // Inspected again only if it does not decode, which is rare.
    if (decoded.ok || skipped === maxSkipped || !isOtherSyncMessage(message)) return { message, decoded }
  }
}

/** The next message, raw; skips message types of later versions. */
export const receiveKnown = async (channel: SyncChannel): Promise<Uint8Array> => (await next(channel)).message

/**
 * The next message; skips message types of later versions.
 * @throws Failure `RecordMalformed` (also for a message out of turn), `RecordTooLarge`, `RecordUnsupported`.
 */
export const receive = async <Type extends SyncMessage['type']>(
  channel: SyncChannel,
  ...types: readonly Type[]
): Promise<Message<Type>> => {
  const { decoded } = await next(channel)
  if (!decoded.ok) throw new Failure(decoded.name, { code: 'record-refused', detail: decoded.message })
  const { type } = decoded.value
  if (!(types as readonly string[]).includes(type)) {
    throw new Failure('RecordMalformed', {
      code: 'protocol-violation',
      detail: `message “${type}” instead of “${types.join('” or “')}”`,
    })
  }
  return decoded.value as Message<Type>
}

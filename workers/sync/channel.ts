import { Failure } from '../contract/failures.ts'
import { isOtherSyncMessage, type SyncMessage, syncMessageCodec } from '../protocol/sync-messages.ts'
import type { Operation } from '../telemetry/operation.ts'

/** Whole messages in both directions. `receive` rejects when the other side ends, lies about a length, or is silent. */
export interface SyncChannel {
  /** The exchange that runs over it. */
  readonly operation: Operation
  send(message: Uint8Array): Promise<void>
  receive(): Promise<Uint8Array>
}

export type Message<Type extends SyncMessage['type']> = Extract<SyncMessage, { type: Type }>

export const send = (channel: SyncChannel, message: SyncMessage): Promise<void> =>
  channel.send(syncMessageCodec.encode(message))

/** Messages of types that this version does not know which may stand before one that it does. */
const maxSkipped = 16

/** The next message, as it came and decoded; messages of types of later versions before it are skipped. */
const next = async (channel: SyncChannel) => {
  for (let skipped = 0; ; skipped++) {
    const message = await channel.receive()
    const decoded = syncMessageCodec.decode(message)
    // Looked at a second time only when it does not decode: nearly all do.
    if (decoded.ok || skipped === maxSkipped || !isOtherSyncMessage(message)) return { message, decoded }
  }
}

/** The next message, undecoded; messages of types of later versions before it are skipped. */
export const receiveKnown = async (channel: SyncChannel): Promise<Uint8Array> => (await next(channel)).message

/**
 * The next message of a known type; messages of types of later versions before it are skipped.
 * @throws Failure `RecordMalformed`, `RecordTooLarge`, `RecordUnsupported`, also for a message that is not due.
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

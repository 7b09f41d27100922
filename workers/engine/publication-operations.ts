import { type Operation, runIn, runOperation } from '../telemetry/operation.ts'
import type { Tracer } from '../telemetry/telemetry.ts'

/** What is sent for a publication, in the background: names of spans. */
type Sending = 'announce' | 'dht_put'

/**
 * The operations that send publications. The first attempt belongs to the trace of the command that published: its spans
 * begin before the command ends, so that the trace waits for them. Later attempts have traces of their own.
 */
export interface PublicationOperations {
  /** Begins the first attempt for a package, which `run` or `skip` ends. */
  begin(sending: Sending, id: string, operation: Operation): void
  /** Runs an attempt, the first one if it has begun. */
  run<T>(sending: Sending, id: string, work: (operation: Operation) => Promise<T>): Promise<T>
  /** Ends a first attempt that was not needed or not possible any more. */
  skip(sending: Sending, id: string): void
  stop(): void
}

/** @param signal Cancels all of them; the commands that published do not. */
export const createPublicationOperations = (tracer: Tracer, signal: AbortSignal): PublicationOperations => {
  const begun = { announce: new Map<string, Operation>(), dht_put: new Map<string, Operation>() }

  const skip: PublicationOperations['skip'] = (sending, id) => {
    const operation = begun[sending].get(id)
    begun[sending].delete(id)
    operation?.span.setAttributes({ skipped: true })
    operation?.span.end()
  }

  return {
    begin(sending, id, operation) {
      skip(sending, id)
      begun[sending].set(id, operation.detached(signal).start(sending, { package: id }))
    },
    run(sending, id, work) {
      const first = begun[sending].get(id)
      begun[sending].delete(id)
      if (first !== undefined) return runIn(first, work)
      return runOperation(tracer, sending, signal, work, { package: id, retry: true })
    },
    skip,
    stop() {
      for (const sending of ['announce', 'dht_put'] as const)
        for (const id of [...begun[sending].keys()]) skip(sending, id)
    },
  }
}

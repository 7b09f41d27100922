import { isFailure } from '../../workers/contract/failures.ts'
import type {
  DraftChange,
  DraftOptions,
  FileInput,
  OpenedDraft,
  PackageCheck,
  PublishResult,
} from '../../workers/contract/views.ts'
import type { EngineClient, traceIdOf } from '../engine/client.ts'

/** A draft as it is now: all that an engine needs that never heard of it. */
export interface DraftContent {
  readonly files: readonly FileInput[]
  readonly options: DraftOptions
}

/**
 * One draft held by the engine. The first request sends its files, later ones only the changes of the user. An engine
 * that does not have the draft, because it is a new one or dropped the draft, receives the files again.
 */
export interface EngineDraft {
  check(content: DraftContent): Promise<PackageCheck>
  /** Result of publishing the draft as last checked. */
  dryRun(content: DraftContent): Promise<PublishResult>
  /** `traceId`: the trace of the command that published. */
  publish(content: DraftContent): Promise<{ result: PublishResult; traceId: string | undefined }>
  /** Releases the draft once running requests have finished; no requests may follow. */
  close(): void
}

export const createEngineDraft = (
  client: Pick<EngineClient, 'openDraft' | 'changeDraft' | 'publishDraft' | 'closeDraft'>,
  traceOf: typeof traceIdOf,
): EngineDraft => {
  /** The files last sent to the engine, and its answer. */
  let sent: { files: readonly FileInput[]; opened: Promise<OpenedDraft> } | undefined
  let isClosed = false
  let publishing = 0

  /** Closes the draft once it is unused: a running publish can finish, even if it must reopen the draft. */
  const discardIfDone = (): void => {
    if (!isClosed || publishing > 0) return
    sent?.opened.then(({ id }) => client.closeDraft(id)).catch(() => {})
    sent = undefined
  }

  const open = ({ files, options }: DraftContent): Promise<OpenedDraft> => {
    const opened = client.openDraft([...files], options)
    const mine = { files, opened }
    sent = mine
    opened.then(discardIfDone, () => forget(mine))
    return opened
  }

  const forget = (lost: typeof sent): void => {
    if (sent === lost) sent = undefined
  }

  /**
   * Runs a request on the open draft, or opens it first. Of several requests that lose their draft at the same time, the
   * first reopens it and the others use the new one.
   */
  const reach = async <T>(
    content: DraftContent,
    ask: (id: string, sentFiles: readonly FileInput[]) => Promise<T>,
    onOpened: (draft: OpenedDraft) => T | Promise<T>,
  ): Promise<T> => {
    for (let kept = sent; kept !== undefined; kept = sent) {
      const { id } = await kept.opened
      try {
        return await ask(id, kept.files)
      } catch (error) {
        if (!isFailure(error, 'DraftNotOpen') && !isFailure(error, 'Stopped')) throw error
        forget(kept)
      }
    }
    return onOpened(await open(content))
  }

  const traced = async (publishing: Promise<PublishResult>) => {
    const traceId = traceOf(publishing)
    return { result: await publishing, traceId }
  }

  return {
    check: (content) =>
      reach(
        content,
        (id, files) => client.changeDraft(id, changeOf(content, files)),
        ({ check }) => check,
      ),
    dryRun: (content) =>
      reach(
        content,
        (id) => client.publishDraft(id, { dryRun: true }),
        ({ id }) => client.publishDraft(id, { dryRun: true }),
      ),
    async publish(content) {
      publishing += 1
      try {
        return await reach(
          content,
          (id, files) => traced(client.publishDraft(id, changeOf(content, files))),
          ({ id }) => traced(client.publishDraft(id)),
        )
      } finally {
        publishing -= 1
        discardIfDone()
      }
    },
    close() {
      isClosed = true
      discardIfDone()
    },
  }
}

const changeOf = ({ files, options }: DraftContent, sentFiles: readonly FileInput[]): DraftChange => {
  const left = new Set(files.map(({ path }) => path))
  return {
    fields: options.fields ?? {},
    confirmedPrivate: options.confirmedPrivate ?? [],
    // The engine names paths in one Unicode form, whatever the disk has.
    leaveOut: sentFiles.flatMap(({ path }) => (left.has(path) ? [] : [path.normalize('NFC')])),
  }
}

import { type HashedContent, type StagedContent, stagedHashes } from '../content/content-store.ts'
import type { EngineCommands } from '../contract/commands.ts'
import { Failure } from '../contract/failures.ts'
import { joinLeftOut } from '../contract/left-out.ts'
import type { DraftChange, DraftOptions, FileInput, PackageCheck, PublishResult } from '../contract/views.ts'
import type { Operation } from '../telemetry/operation.ts'
import { assertPaths } from './arguments.ts'
import type { WithOperation } from './command-operations.ts'

/** Open drafts; more tabs than this rarely edit one at once. */
const maxDrafts = 8

/** Total size of all drafts' files (bytes): two packages of the largest size, and some small ones. */
const maxBytes = 256 * 1024 * 1024

/** Files read as a package, and the check of them. */
export interface ReadFiles {
  readonly check: PackageCheck
  readonly files: FileInput[]
}

export interface DraftsDependencies {
  randomUuid(): string
  /** @throws Failure `InvalidArgument` for malformed files or options. */
  read(files: FileInput[], options: DraftOptions, operation: Operation): Promise<ReadFiles>
  stage(files: readonly FileInput[], earlier?: HashedContent): Promise<StagedContent>
  /** Publishes the package, or with `dryRun` only returns the result. */
  publish(
    read: ReadFiles,
    dryRun: boolean,
    stage: (files: readonly FileInput[]) => Promise<StagedContent>,
    operation: Operation,
  ): Promise<PublishResult>
}

export type Drafts = WithOperation<Pick<EngineCommands, 'openDraft' | 'changeDraft' | 'publishDraft' | 'closeDraft'>>

interface Draft {
  files: FileInput[]
  options: DraftOptions
  /** The last check. */
  found: ReadFiles
  /** Hashes of the last publish or dry run, so that only changed content is hashed again. */
  hashed?: HashedContent
}

/**
 * Holds packages that are being prepared for publishing: the page sends the files once, then only changes.
 *
 * Bounded in number and bytes: the least recently used drafts are closed. A command on a closed draft fails with
 * `DraftNotOpen`, and the page, which keeps the chosen files, opens it again.
 */
export const createDrafts = ({ read, stage, publish, randomUuid }: DraftsDependencies): Drafts => {
  /** In order of use, the most recent last. */
  const draftById = new Map<string, Draft>()

  const keep = (id: string, draft: Draft): void => {
    draftById.delete(id)
    draftById.set(id, draft)
    let roomBytes = maxBytes
    let room = maxDrafts
    for (const [each, { files }] of [...draftById].reverse()) {
      const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
      if (room === 0 || bytes > roomBytes) draftById.delete(each)
      else {
        room -= 1
        roomBytes -= bytes
      }
    }
  }

  const use = (id: string): Draft => {
    const draft = draftById.get(id)
    if (draft === undefined) throw new Failure('DraftNotOpen', { code: 'draft-not-open' })
    keep(id, draft)
    return draft
  }

  const change = (draft: Draft, { fields, confirmedPrivate, leaveOut = [] }: DraftChange): void => {
    assertPaths(leaveOut)
    const { files, options } = draft
    const chosen = new Set(leaveOut)
    // Published paths are in NFC; file systems may use another form.
    const isChosen = ({ path }: FileInput): boolean => chosen.has(path.normalize('NFC'))
    const left = files
      .filter(isChosen)
      .map(({ path }) => ({ name: path.normalize('NFC'), reason: 'chosen', files: 1 }) as const)
    draft.files = left.length === 0 ? files : files.filter((file) => !isChosen(file))
    draft.options = {
      ...options,
      ...(fields === undefined ? {} : { fields }),
      ...(confirmedPrivate === undefined ? {} : { confirmedPrivate }),
      ...(left.length === 0 ? {} : { leftOut: joinLeftOut(options.leftOut ?? [], left) }),
    }
  }

  return {
    async openDraft(operation, files, options = {}) {
      const found = await read(files, options, operation)
      const id = randomUuid()
      keep(id, { files, options, found })
      return { id, check: found.check }
    },

    async changeDraft(operation, id, changes) {
      const draft = use(id)
      change(draft, changes)
      draft.found = await read(draft.files, draft.options, operation)
      return draft.found.check
    },

    async publishDraft(operation, id, { dryRun = false, ...changes } = {}) {
      const draft = use(id)
      change(draft, changes)
      const publishing = async (publication: Operation): Promise<PublishResult> => {
        // A publish is checked against the current catalogue; a dry run directly follows a check.
        if (!dryRun || Object.keys(changes).length > 0)
          draft.found = await read(draft.files, draft.options, publication)
        const stageDraft = async (files: readonly FileInput[]): Promise<StagedContent> => {
          const staged = await stage(files, draft.hashed)
          draft.hashed = stagedHashes(staged)
          return staged
        }
        return publish(draft.found, dryRun, stageDraft, publication)
      }
      return operation.run('publish', publishing, { dry_run: dryRun })
    },

    async closeDraft(_, id) {
      draftById.delete(id)
    },
  }
}

import { type HashedContent, type StagedContent, stagedHashes } from '../content/content-store.ts'
import type { EngineCommands } from '../contract/commands.ts'
import { Failure } from '../contract/failures.ts'
import { joinLeftOut } from '../contract/left-out.ts'
import type { DraftChange, DraftOptions, FileInput, PackageCheck, PublishResult } from '../contract/views.ts'
import { assertPaths } from './arguments.ts'

/** Drafts kept at a time; more tabs than this rarely edit one at once. */
const maxDrafts = 8

/** Bytes of the files of all drafts together: two packages of the largest size, and some small ones. */
const maxBytes = 256 * 1024 * 1024

/** Files that were read as a package, and what was found. */
export interface ReadFiles {
  readonly check: PackageCheck
  readonly files: FileInput[]
}

export interface DraftsDependencies {
  randomUuid(): string
  /** @throws Failure `InvalidArgument` for files or options that are none. */
  read(files: FileInput[], options: DraftOptions): Promise<ReadFiles>
  stage(files: readonly FileInput[], earlier?: HashedContent): Promise<StagedContent>
  /** Publishes what was read, or with `dryRun` says what it would be published as. */
  publish(
    read: ReadFiles,
    dryRun: boolean,
    stage: (files: readonly FileInput[]) => Promise<StagedContent>,
  ): Promise<PublishResult>
}

export type Drafts = Pick<EngineCommands, 'openDraft' | 'changeDraft' | 'publishDraft' | 'closeDraft'>

interface Draft {
  files: FileInput[]
  options: DraftOptions
  /** As it was checked last. */
  found: ReadFiles
  /** What was hashed of it last, so that only what changed since is hashed again. */
  hashed?: HashedContent
}

/**
 * Packages on their way to being published: their files are here once, and only what a person changes comes after.
 *
 * Bounded: when there are too many, or they are too large, those that were not used for longest are closed. Whoever asks
 * for one that is closed is refused by `DraftNotOpen` and opens it again: a page keeps what was picked.
 */
export const createDrafts = ({ read, stage, publish, randomUuid }: DraftsDependencies): Drafts => {
  /** The last used comes last. */
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
    // Paths are named in one Unicode form, whatever the disk has.
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
    async openDraft(files, options = {}) {
      const found = await read(files, options)
      const id = randomUuid()
      keep(id, { files, options, found })
      return { id, check: found.check }
    },

    async changeDraft(id, changes) {
      const draft = use(id)
      change(draft, changes)
      draft.found = await read(draft.files, draft.options)
      return draft.found.check
    },

    async publishDraft(id, { dryRun = false, ...changes } = {}) {
      const draft = use(id)
      change(draft, changes)
      // What is signed is checked by what is known now; a dry run follows a check.
      if (!dryRun || Object.keys(changes).length > 0) draft.found = await read(draft.files, draft.options)
      return publish(draft.found, dryRun, async (files) => {
        const staged = await stage(files, draft.hashed)
        draft.hashed = stagedHashes(staged)
        return staged
      })
    },

    async closeDraft(id) {
      draftById.delete(id)
    },
  }
}

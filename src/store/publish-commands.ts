import { joinLeftOut } from '../../workers/contract/left-out.ts'
import type { DraftOptions, FileInput, LeftOut, ManifestFields, PackageCheck } from '../../workers/contract/views.ts'
import type { EngineClient, traceIdOf } from '../engine/client.ts'
import { slugOf } from '../lib/names.ts'
import { findOversize, findOversizeArchive, type Picked, readFiles, toPickedFolder } from '../lib/picked-files.ts'
import { noticeText } from '../text/notices.ts'
import { publishText } from '../text/publish.ts'
import { createEngineDraft, type DraftContent } from './engine-draft.ts'
import { toFailureView } from './failure-view.ts'
import { createLatest } from './latest.ts'
import type { Draft, Notice, OpenDraft } from './state.ts'
import type { AppStore } from './store.ts'

export interface PublishCommands {
  /** Takes files that were picked or dropped. Nothing is read when they are over the limits. */
  openFiles(picked: Picked): Promise<void>
  openArchive(file: File): Promise<void>
  /** Overrides a field of the manifest and checks the package again. */
  typeField<Name extends keyof ManifestFields>(name: Name, value: ManifestFields[Name]): void
  /** Confirms that a file that looks private may be published. */
  confirmPrivate(path: string): void
  /** Removes a file from the draft, not from the disk. */
  leaveOut(path: string): void
  /** Signs and stores the draft. */
  publishDraft(): Promise<void>
  discardDraft(): void
}

/** Pause in typing before the package is checked again (ms): each check reads all its files. */
const typingPauseMs = 250

export const createPublishCommands = (
  client: EngineClient,
  { getState, setState }: AppStore,
  notify: (level: Notice['level'], message: string) => void,
  traceOf: typeof traceIdOf,
): PublishCommands => {
  /** Number of the open draft: answers for older ones are dropped. */
  let opened = 0
  let pause: ReturnType<typeof setTimeout> | undefined
  /** The open draft as held by the engine. */
  let inEngine = createEngineDraft(client, traceOf)

  /** Closes the open draft and returns the number of the next. */
  const endDraft = (): number => {
    opened += 1
    inEngine.close()
    inEngine = createEngineDraft(client, traceOf)
    return opened
  }

  const change = (of: number, next: Partial<OpenDraft>): void =>
    setState(({ draft }) => (of === opened && draft?.stage === 'open' ? { draft: { ...draft, ...next } } : {}))

  const check = createLatest<number>(async (of) => {
    const { draft } = getState()
    if (of !== opened || draft?.stage !== 'open') return
    const { files, typed } = draft
    const engineDraft = inEngine
    const isCurrent = (): boolean => {
      const now = getState().draft
      return (
        of === opened &&
        now?.stage === 'open' &&
        now.typed === typed &&
        now.files === files &&
        now.confirmed === draft.confirmed
      )
    }
    try {
      const found = await engineDraft.check(contentOf(draft))
      if (isCurrent()) change(of, { check: found })
      const dryRun = found.ok && isCurrent() ? await engineDraft.dryRun(contentOf(draft)) : undefined
      if (isCurrent()) change(of, { check: found, dryRun, checking: false })
    } catch (error) {
      if (isCurrent()) change(of, { dryRun: undefined, checking: false, failure: toFailureView(error) })
    }
  })

  /** Changes the draft and checks it again. */
  const recheck = (next: (draft: OpenDraft) => Partial<OpenDraft>): void => {
    setState(({ draft }) => {
      if (draft?.stage !== 'open' || draft.publishing) return {}
      const { failure: _older, ...kept } = draft
      return { draft: { ...kept, ...next(draft), checking: true } }
    })
    check(opened)
  }

  const begin = (source: string): number => {
    const of = endDraft()
    setState({ draft: { stage: 'reading', source } })
    return of
  }

  const show = (of: number, draft: Draft): void => {
    if (of !== opened) return
    setState({ draft })
    if (draft.stage === 'open') check(of)
  }

  const refuse = (of: number, source: string, error: unknown): void => {
    const failure = toFailureView(error)
    show(of, { stage: 'refused', source, findings: [{ level: 'error', ...failure }] })
  }

  return {
    async openFiles(picked) {
      const { folder, files, leftOut } = toPickedFolder(picked)
      const source = folder ?? publishText.unnamedSource
      const of = begin(source)
      const findings = findOversize(files)
      if (findings.length > 0) return show(of, { stage: 'refused', source, findings })
      try {
        show(of, openDraft(source, folder, await readFiles(files), leftOut))
      } catch (error) {
        refuse(of, source, error)
      }
    },

    async openArchive(file) {
      const of = begin(file.name)
      const findings = findOversizeArchive(file.name, file.size)
      if (findings.length > 0) return show(of, { stage: 'refused', source: file.name, findings })
      try {
        const { folder, files, leftOut } = await client.readArchive(new Uint8Array(await file.arrayBuffer()))
        show(of, openDraft(file.name, folder ?? file.name.replace(/\.zip$/i, ''), files, leftOut))
      } catch (error) {
        refuse(of, file.name, error)
      }
    },

    typeField(name, value) {
      setState(({ draft }) => {
        if (draft?.stage !== 'open') return {}
        const { failure: _older, ...kept } = draft
        return { draft: { ...kept, typed: { ...draft.typed, [name]: value }, checking: true } }
      })
      clearTimeout(pause)
      pause = setTimeout(() => check(opened), typingPauseMs)
    },

    confirmPrivate: (path) => recheck(({ confirmed }) => ({ confirmed: [...confirmed, path] })),

    leaveOut: (path) =>
      recheck(({ files, leftOut }) => ({
        // The engine names paths in one Unicode form, whatever the disk has.
        files: files.filter((file) => file.path.normalize('NFC') !== path),
        leftOut: joinLeftOut(leftOut, [{ name: path, reason: 'chosen', files: 1 }]),
      })),

    async publishDraft() {
      const { draft } = getState()
      if (draft?.stage !== 'open' || draft.publishing) return
      const of = opened
      change(of, { publishing: true })
      try {
        const { result, traceId } = await inEngine.publish(contentOf(draft))
        if (of === opened)
          show(endDraft(), { stage: 'published', result, ...(traceId === undefined ? {} : { traceId }) })
        // The user has chosen other files meanwhile, so no page shows the result.
        else notify('success', noticeText.published({ name: `${slugOf(result.id)} ${result.version}` }))
      } catch (error) {
        change(of, { publishing: false, failure: toFailureView(error) })
      }
    },

    discardDraft() {
      endDraft()
      setState({ draft: undefined })
    },
  }
}

const openDraft = (
  source: string,
  folder: string | undefined,
  files: readonly FileInput[],
  leftOut: readonly LeftOut[],
): OpenDraft => ({
  stage: 'open',
  source,
  folder,
  files,
  leftOut,
  confirmed: [],
  typed: {},
  check: undefined,
  dryRun: undefined,
  checking: true,
  publishing: false,
})

const contentOf = (draft: OpenDraft): DraftContent => ({ files: draft.files, options: optionsOf(draft) })

const optionsOf = ({ folder, typed, check, leftOut, confirmed }: OpenDraft): DraftOptions => ({
  leftOut: [...leftOut],
  confirmedPrivate: [...confirmed],
  ...(folder === undefined ? {} : { folder }),
  ...(Object.keys(typed).length === 0 ? {} : { fields: lacksManifest(check) ? { ...check?.fields, ...typed } : typed }),
})

/** Whether the form replaces the manifest: all its fields then count once the user has typed in one. */
const lacksManifest = (check: PackageCheck | undefined): boolean =>
  check?.findings.some(({ name }) => name === 'ManifestMissing' || name === 'ManifestUnreadable') ?? false

import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createContentStore } from '../content/content-store.ts'
import type { FileInput, PackageCheck } from '../contract/views.ts'
import { readPackage } from '../packages/read-package.ts'
import { rootToText } from '../protocol/ids.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { untraced } from '../telemetry/operation.ts'
import { createDrafts, type DraftsDependencies } from './drafts.ts'

const text = (content: string): Uint8Array => new TextEncoder().encode(content)
const manifest = text('[package]\nname = "kit"\nversion = "1.0.0"\n')
const filesOf = (...others: FileInput[]): FileInput[] => [
  { path: 'package.toml', bytes: manifest },
  { path: 'README.md', bytes: text('# Kit') },
  ...others,
]

const sha256 = vi.fn(webCrypto.sha256)
const read = vi.fn<DraftsDependencies['read']>(async (files, options) =>
  readPackage(files, { ...options, knownVersions: () => undefined }),
)
const published: { check: PackageCheck; root: string }[] = []

/** The arguments after the operation. */
type Tail<F extends (...given: never[]) => unknown> = Parameters<F> extends [unknown, ...infer Rest] ? Rest : never

const open = () => {
  const content = createContentStore({ store: createMemoryStore(), crypto: { sha256 } })
  const drafts = createDrafts({
    read,
    randomUuid: () => crypto.randomUUID(),
    stage: content.stage,
    async publish({ check, files }, dryRun, stage) {
      const root = rootToText((await stage(files)).root)
      if (!dryRun) published.push({ check, root })
      return { id: check.fields.slug, version: check.fields.version, root, warnings: [] }
    },
  })
  const of = untraced()
  const { openDraft, changeDraft, publishDraft, closeDraft } = drafts
  const commands = {
    openDraft: (...given: Tail<typeof openDraft>) => openDraft(of, ...given),
    changeDraft: (...given: Tail<typeof changeDraft>) => changeDraft(of, ...given),
    publishDraft: (...given: Tail<typeof publishDraft>) => publishDraft(of, ...given),
    closeDraft: (...given: Tail<typeof closeDraft>) => closeDraft(of, ...given),
  }
  const rootOf = async (files: FileInput[]): Promise<string> => rootToText((await content.stage(files)).root)
  return { ...commands, rootOf }
}

beforeEach(() => {
  sha256.mockClear()
  read.mockClear()
  published.length = 0
})

describe('a draft', () => {
  test('is checked when opened and after each change, with its current fields', async () => {
    const { openDraft, changeDraft } = open()
    const { id, check } = await openDraft(filesOf(), { folder: 'kit' })
    expect(check).toMatchObject({ ok: true, fields: { version: '1.0.0' } })
    expect(await changeDraft(id, { fields: { version: 'bad' } })).toMatchObject({ ok: false })
    expect(await changeDraft(id, { fields: { version: '2.0.0' } })).toMatchObject({
      ok: true,
      fields: { version: '2.0.0' },
    })
    // Fields that are not given stay.
    expect(await changeDraft(id, {})).toMatchObject({ fields: { version: '2.0.0' } })
  })

  test('publishes its current files, with the same root as without a draft', async () => {
    const { openDraft, publishDraft, rootOf } = open()
    const { id } = await openDraft(filesOf({ path: 'extra.txt', bytes: text('more') }))
    expect(await publishDraft(id, { dryRun: true })).toMatchObject({ version: '1.0.0' })
    expect(published).toEqual([])
    const { root } = await publishDraft(id, { fields: { version: '3.0.0' }, leaveOut: ['extra.txt'] })
    expect(root).toBe(await rootOf(filesOf()))
    expect(published).toMatchObject([{ root, check: { fields: { version: '3.0.0' } } }])
  })

  test('is not hashed again after a changed field, and only in part after a removed file', async () => {
    const pieceBytes = 262_144
    const large = { path: 'a.bin', bytes: new Uint8Array(3 * pieceBytes).fill(7) }
    const { openDraft, changeDraft, publishDraft, rootOf } = open()
    const files = [large, ...filesOf({ path: 'z.txt', bytes: text('last') })]
    const { id } = await openDraft(files)
    expect(sha256).not.toHaveBeenCalled()
    await publishDraft(id, { dryRun: true })
    // Four files, four pieces, the manifest.
    expect(sha256).toHaveBeenCalledTimes(9)

    sha256.mockClear()
    await changeDraft(id, { fields: { description: 'Typed.' } })
    await publishDraft(id, { dryRun: true })
    await publishDraft(id, { fields: { description: 'Typed more.' } })
    // The manifest, once for each.
    expect(sha256).toHaveBeenCalledTimes(2)

    sha256.mockClear()
    await changeDraft(id, { leaveOut: ['z.txt'] })
    const { root } = await publishDraft(id, { dryRun: true })
    // The piece with the removed file, and the manifest.
    expect(sha256).toHaveBeenCalledTimes(2)
    expect(root).toBe(await rootOf(files.slice(0, -1)))
  })

  test('is read once for a check and the dry run that follows', async () => {
    const { openDraft, changeDraft, publishDraft } = open()
    const { id } = await openDraft(filesOf())
    await changeDraft(id, { fields: { version: '1.1.0' } })
    await publishDraft(id, { dryRun: true })
    expect(read).toHaveBeenCalledTimes(2)
    // A publish reads the files again.
    await publishDraft(id)
    expect(read).toHaveBeenCalledTimes(3)
  })

  test('lists each removed file once, in any Unicode form of its name', async () => {
    const { openDraft, changeDraft } = open()
    const { id } = await openDraft(filesOf({ path: 'caf\u0065\u0301.txt', bytes: text('x') }))
    for (let time = 0; time < 2; time += 1) {
      const { files, leftOut } = await changeDraft(id, { leaveOut: ['caf\u00e9.txt', 'never there'] })
      expect(files.map(({ path }) => path)).toEqual(['README.md', 'package.toml'])
      expect(leftOut).toEqual([{ name: 'caf\u00e9.txt', reason: 'chosen', files: 1 }])
    }
  })

  test('that is closed or unknown is refused by name', async () => {
    const { openDraft, changeDraft, publishDraft, closeDraft } = open()
    const { id } = await openDraft(filesOf())
    await closeDraft(id)
    await closeDraft(id)
    await expect(changeDraft(id, {})).rejects.toMatchObject({ name: 'DraftNotOpen' })
    await expect(publishDraft('never', {})).rejects.toMatchObject({ name: 'DraftNotOpen' })
  })
})

describe('drafts are bounded', () => {
  test('in number: the least recently used is closed', async () => {
    const { openDraft, changeDraft } = open()
    const ids: string[] = []
    for (let at = 0; at < 8; at += 1) ids.push((await openDraft(filesOf())).id)
    const [first = '', second = ''] = ids
    await changeDraft(first, {})
    await openDraft(filesOf())
    await changeDraft(first, {})
    await expect(changeDraft(second, {})).rejects.toMatchObject({ name: 'DraftNotOpen' })
  })

  test('in bytes: drafts that do not fit beside the last are closed, and a too large one is only checked', async () => {
    const { openDraft, changeDraft } = open()
    // One shared buffer: the sizes of the files count.
    const bytes = new Uint8Array(100 * 1024 * 1024)
    const large = (): FileInput[] => [{ path: 'large.bin', bytes }]
    read.mockResolvedValue({ check: { ok: false } as PackageCheck, files: [] })
    try {
      const [one, two, three] = [await openDraft(large()), await openDraft(large()), await openDraft(large())]
      await expect(changeDraft(one.id, {})).rejects.toMatchObject({ name: 'DraftNotOpen' })
      await changeDraft(two.id, {})
      await changeDraft(three.id, {})
      const whole = await openDraft([...large(), ...large(), ...large()])
      expect(whole.check.ok).toBe(false)
      await expect(changeDraft(whole.id, {})).rejects.toMatchObject({ name: 'DraftNotOpen' })
      await changeDraft(three.id, {})
    } finally {
      read.mockImplementation(async (files, options) =>
        readPackage(files, { ...options, knownVersions: () => undefined }),
      )
    }
  })
})

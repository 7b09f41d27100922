import { createLeftOut, reasonToLeaveOut } from '../../workers/contract/left-out.ts'
import { MAX_FILES } from './limits.ts'
import type { FileContent, Picked } from './picked-files.ts'

/** Folder from a picker or a drop; `open` reads no bytes yet. */
export interface Folder {
  readonly name: string
  children(): AsyncIterable<Child>
}

/** One file over the limit is enough to refuse. */
const walkLimit = MAX_FILES + 1

/** Maximum entries read per folder; some may be left out. */
const childLimit = 4 * walkLimit

/** Maximum files counted in a left-out folder. */
const countLimit = 1_000

/**
 * Walks a folder without reading files. Stops soon after the file limit, so that a home folder chosen by mistake does
 * not freeze the page. Files that never belong to a package are counted up to a limit and not opened.
 *
 * A root without a name holds the items of a drop: a single folder in it is the package.
 */
export const walkFolder = async (root: Folder): Promise<Picked> => {
  const picked: Picked = { files: [], skipped: [] }
  const skipped = createLeftOut()

  const walk = async (folder: Folder, prefix: string, parents: readonly string[]): Promise<void> => {
    const children = await childrenOf(folder)
    const siblings = new Set(children.flatMap((child) => ('open' in child ? [child.name.toLowerCase()] : [])))
    for (const child of children) {
      if (picked.files.length >= walkLimit) return
      const isFolder = !('open' in child)
      const reason = reasonToLeaveOut(child.name, { parents, siblings, isFolder })
      const path = `${prefix}${child.name}`
      if (reason !== undefined) {
        const files = isFolder ? await countFiles(child, countLimit) : 1
        skipped.add(child.name, reason, files, files >= countLimit)
      } else if (isFolder) await walk(child, `${path}/`, [...parents, child.name])
      else picked.files.push({ path, content: await child.open() })
    }
  }

  const [single, ...others] = root.name === '' ? await childrenOf(root) : [root]
  // The chosen folder itself is never left out, whatever its name.
  if (single !== undefined && others.length === 0 && !('open' in single)) await walk(single, `${single.name}/`, [])
  else await walk(root, '', [])
  return { files: picked.files, skipped: skipped.list() }
}

type Child = Folder | { readonly name: string; open(): Promise<FileContent> }

const childrenOf = async (folder: Folder): Promise<Child[]> => {
  const children: Child[] = []
  for await (const child of folder.children()) {
    children.push(child)
    if (children.length >= childLimit) break
  }
  return children
}

/** Number of files, at most `limit`. */
const countFiles = async (folder: Folder, limit: number): Promise<number> => {
  let count = 0
  for await (const child of folder.children()) {
    count += 'open' in child ? 1 : await countFiles(child, limit - count)
    if (count >= limit) return limit
  }
  return count
}

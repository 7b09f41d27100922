/** Saves to disk: as a download, or as files in a picked folder. */

export const downloadBytes = (bytes: Uint8Array<ArrayBuffer>, name: string, type: string): void => {
  const address = URL.createObjectURL(new Blob([bytes], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // Revoked later: some browsers start reading after the click returned.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

/** Writes files below `root/name`; creates folders as needed and overwrites existing files. */
export const writeFolder = async (
  root: FileSystemDirectoryHandle,
  name: string,
  paths: readonly string[],
  read: (path: string) => Promise<Uint8Array>,
): Promise<void> => {
  const top = await root.getDirectoryHandle(name, { create: true })
  for (const path of paths) {
    const segments = path.split('/')
    const fileName = segments.pop()
    if (fileName === undefined || fileName === '') continue
    let folder = top
    for (const segment of segments) folder = await folder.getDirectoryHandle(segment, { create: true })
    const file = await folder.getFileHandle(fileName, { create: true })
    const target = await file.createWritable()
    try {
      await target.write(new Uint8Array(await read(path)))
      await target.close()
    } catch (error) {
      await target.abort().catch(() => {})
      throw error
    }
  }
}

/** The folder picker of the File System Access API: Chromium has it; elsewhere inputs and zip downloads take its place. */

declare global {
  interface Window {
    // TypeScript's DOM library does not have it, because only one engine does.
    showDirectoryPicker?: (options?: { id?: string; mode?: 'read' | 'readwrite' }) => Promise<FileSystemDirectoryHandle>
  }
}

export const canPickFolders = (): boolean => 'showDirectoryPicker' in window

/** Asks for a folder; undefined when the person closes the picker. Rejects where the browser does not allow asking. */
export const askForFolder = async (mode: 'read' | 'readwrite'): Promise<FileSystemDirectoryHandle | undefined> => {
  if (window.showDirectoryPicker === undefined) return undefined
  try {
    // The id has the browser remember the last folder of each use.
    return await window.showDirectoryPicker({ id: mode === 'read' ? 'ggen-publish' : 'ggen-save', mode })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined
    throw error
  }
}

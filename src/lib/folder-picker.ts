/** Folder picker of the File System Access API (Chromium only); other browsers use file inputs and zip downloads. */

declare global {
  interface Window {
    // Missing from TypeScript's DOM library, because only one browser engine has it.
    showDirectoryPicker?: (options?: { id?: string; mode?: 'read' | 'readwrite' }) => Promise<FileSystemDirectoryHandle>
  }
}

export const canPickFolders = (): boolean => 'showDirectoryPicker' in window

/** Asks for a folder; undefined if the picker is closed. Rejects where the browser forbids the picker. */
export const askForFolder = async (mode: 'read' | 'readwrite'): Promise<FileSystemDirectoryHandle | undefined> => {
  if (window.showDirectoryPicker === undefined) return undefined
  try {
    // With an id the browser remembers the last folder of each use.
    return await window.showDirectoryPicker({ id: mode === 'read' ? 'ggen-publish' : 'ggen-save', mode })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined
    throw error
  }
}

export interface UndoStack {
  add(...undos: readonly (() => unknown)[]): void
  /** Runs what was added, the last first; an undo that fails does not keep the others from running. */
  run(): Promise<void>
}

/** Filled as parts begin to hold something, so that a stop and a failed start give everything back. */
export const createUndoStack = (): UndoStack => {
  const undos: (() => unknown)[] = []
  return {
    add: (...added) => void undos.push(...added),
    async run() {
      for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
        try {
          await undo()
        } catch {
          // What it held is given up anyway.
        }
      }
    },
  }
}

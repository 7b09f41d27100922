export interface UndoStack {
  add(...undos: readonly (() => unknown)[]): void
  /** Runs the undos, the last added first; a failed undo does not prevent the others. */
  run(): Promise<void>
}

/** Undos of everything that the engine holds, for a stop or a failed start. */
export const createUndoStack = (): UndoStack => {
  const undos: (() => unknown)[] = []
  return {
    add: (...added) => void undos.push(...added),
    async run() {
      for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
        try {
          await undo()
        } catch {
          // The others still run.
        }
      }
    },
  }
}

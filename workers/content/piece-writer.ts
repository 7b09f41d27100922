import type { CheckedPiece } from './content-store.ts'

/**
 * Stores verified pieces in batches while others are in flight.
 *
 * Runs one write at a time and batches pieces, because a transaction costs more than a piece. Stored pieces survive a
 * reload. Writes nothing after the first failed write.
 */
export interface PieceWriter {
  /** Bytes waiting or being written. */
  readonly backlog: number
  add(piece: CheckedPiece): void
  /** Writes waiting pieces and resolves when they are stored. @throws the error of the first failed write. */
  close(): Promise<void>
}

export interface PieceWriterDependencies {
  write(pieces: readonly CheckedPiece[]): Promise<void>
  /** A batch was stored. */
  onWritten(): void
  onFailure(failure: unknown): void
}

/** Batch size (bytes): 8 pieces, about 10 ms of writing. */
const batchBytes = 2 * 1024 * 1024

/** Maximum wait of an incomplete batch (ms), which a reload may lose. */
const maxWaitMs = 250

export const createPieceWriter = ({ write, onWritten, onFailure }: PieceWriterDependencies): PieceWriter => {
  let waiting: CheckedPiece[] = []
  let waitingBytes = 0
  let writingBytes = 0
  let writing: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failed: { reason: unknown } | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (writing !== undefined || waiting.length === 0 || failed !== undefined) return
    const batch = waiting
    writingBytes = waitingBytes
    waiting = []
    waitingBytes = 0
    writing = write(batch)
      .then(onWritten, (reason: unknown) => {
        failed = { reason }
        onFailure(reason)
      })
      .finally(() => {
        writing = undefined
        writingBytes = 0
        if (waitingBytes >= batchBytes) flush()
        else if (waiting.length > 0) timer ??= setTimeout(flush, maxWaitMs)
      })
  }

  return {
    get backlog() {
      return waitingBytes + writingBytes
    },
    add(piece) {
      waiting.push(piece)
      waitingBytes += piece.bytes.length
      if (waitingBytes >= batchBytes) flush()
      else timer ??= setTimeout(flush, maxWaitMs)
    },
    async close() {
      while (failed === undefined && (writing !== undefined || waiting.length > 0)) {
        flush()
        await writing
      }
      clearTimeout(timer)
      if (failed !== undefined) throw failed.reason
    },
  }
}

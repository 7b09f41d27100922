/**
 * Package limits that the page checks on `File.size` before reading any bytes. The engine checks the same numbers again
 * (a test compares them); they are repeated here because the page imports only types from the engine.
 */

export const MAX_FILES = 1000

export const MAX_PACKAGE_BYTES = 100_000_000

/** Limit of text previews (bytes): browsers take too long to lay out more. */
export const MAX_PREVIEW_BYTES = 10_000_000

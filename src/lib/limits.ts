/**
 * Limits of a package that the page checks on `File.size`, before it reads a byte. The engine checks them again; they
 * are the same numbers (a test compares them), written here because the page takes no values from the engine.
 */

export const MAX_FILES = 1000

export const MAX_PACKAGE_BYTES = 100_000_000

/** Text previews end here (docs/protocol.md §6): a browser cannot lay out more in reasonable time. */
export const MAX_PREVIEW_BYTES = 10_000_000

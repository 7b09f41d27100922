import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Ends a loop in @libp2p/utils that a peer can keep running: `lpStream` reads the length of a message byte by byte and
 * takes the error for a length of more than ten bytes as “not all here yet”. 10 MB of 0xff then cost seconds of CPU and
 * hundreds of MB, before any handshake. Runs after each install; plain JavaScript, because the system's Node may be 20.
 */
const file = new URL('../node_modules/@libp2p/utils/dist/src/stream-utils.js', import.meta.url)
const fault = 'if (err instanceof RangeError) {'
const remedy = 'if (err instanceof RangeError && lengthBuffer.byteLength < (opts?.maxLengthLength ?? 8)) {'

const source = readFileSync(file, 'utf8')
if (!source.includes(remedy)) {
  if (source.split(fault).length !== 2) {
    console.error(
      `${file.pathname} is not as expected: see whether its new version still needs scripts/patch-libp2p.mjs.`,
    )
    process.exit(1)
  }
  writeFileSync(file, source.replace(fault, remedy))
}

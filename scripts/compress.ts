import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** Smallest file to compress (bytes): below, compression saves less than one packet. */
const minBytes = 1_024

/** File formats that are already compressed. */
const packed = /\.(png|jpe?g|webp|avif|woff2?|br|gz)$/

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/** Puts `x.br` and `x.gz` beside each file `x` of a folder that is worth it, for the page server. */
export const compressFolder = async (folder: string): Promise<void> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const compress = async (file: string): Promise<void> => {
    const bytes = await readFile(file)
    if (bytes.length < minBytes) return
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
    await writeFile(`${file}.br`, await brotli(bytes, { params }))
    await writeFile(`${file}.gz`, await zip(bytes, { level: 9 }))
  }
  await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !packed.test(entry.name))
      .map((entry) => compress(join(entry.parentPath, entry.name))),
  )
}

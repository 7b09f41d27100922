import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** A file of the built page, in memory. */
export interface Asset {
  type: string
  /** Its name changes with its content, so it may be kept for ever. */
  hashed: boolean
  /** The bytes in the best encoding that `accepted` (an Accept-Encoding header) allows; each is made once. */
  encoded(accepted: string): Promise<Encoded>
}

export interface Encoded {
  body: Buffer
  encoding: 'br' | 'gzip' | undefined
  etag: string
}

/** Media types by the end of the name; whatever else a build holds is sent as bytes. */
const typeByEnd: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json; charset=utf-8',
  map: 'application/json; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
}

/** Types whose files are compressed already. */
const packed = /^(image\/(png|jpeg|webp|avif)|font\/)/

/** Below this, compressing saves less than one packet, bytes. */
const minCompressed = 1_024

/** 9 of 11: within 5 % of the best at a tenth of its time, since it is made while a browser waits. */
const brotliQuality = 9

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/**
 * The files of a folder by URL path (`/assets/app-1a2b3c4d.js`), read at once.
 * @throws Error when the folder holds no `index.html`, saying how to build it.
 */
export const createAssets = async (folder: string): Promise<ReadonlyMap<string, Asset>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const assets = new Map<string, Asset>()
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const path = `/${relative(folder, file).split(sep).join('/')}`
    assets.set(path, createAsset(path, await readFile(file)))
  }
  if (!assets.has('/index.html')) throw new Error('The page is not built. Run `npm run build` first.')
  return assets
}

const createAsset = (path: string, bytes: Buffer): Asset => {
  const type = typeByEnd[path.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream'
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 16)
  const plain: Encoded = { body: bytes, encoding: undefined, etag: `"${hash}"` }
  const worth = bytes.length >= minCompressed && !packed.test(type)
  const made = new Map<'br' | 'gzip', Promise<Encoded>>()

  const compressed = (encoding: 'br' | 'gzip'): Promise<Encoded> => {
    const known = made.get(encoding)
    if (known !== undefined) return known
    const making = compress(bytes, encoding).then((body) => ({ body, encoding, etag: `"${hash}-${encoding}"` }))
    made.set(encoding, making)
    return making
  }

  return {
    type,
    hashed: /^\/assets\/.+-[\w-]{8,}\.\w+$/.test(path),
    async encoded(accepted) {
      if (!worth) return plain
      const allowed = acceptedEncodings(accepted)
      if (allowed.has('br')) return compressed('br')
      return allowed.has('gzip') ? compressed('gzip') : plain
    },
  }
}

const compress = (bytes: Buffer, encoding: 'br' | 'gzip'): Promise<Buffer> =>
  encoding === 'gzip'
    ? zip(bytes)
    : brotli(bytes, {
        params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      })

/** The encodings of an Accept-Encoding header that are not refused by `q=0`. */
const acceptedEncodings = (header: string): Set<string> =>
  new Set(
    header
      .split(',')
      .map((part) =>
        part
          .trim()
          .toLowerCase()
          .split(/\s*;\s*/),
      )
      .filter(([, quality]) => quality === undefined || Number(quality.replace('q=', '')) > 0)
      .map(([encoding]) => encoding ?? ''),
  )

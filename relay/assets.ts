import { existsSync, fstatSync, type ReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { lookup } from 'mrmime'
import sirv from 'sirv'

/**
 * The files of the built page, streamed from disk, in the best of the encodings that were made at build time
 * (`scripts/compress.ts`) and that the browser accepts. Only files that stood in the folder at the start are served; one
 * that has changed since ends its answer, so a new build needs a new start.
 */
export interface Assets {
  /** Answers with the file of a decoded path, `/assets/app-1a2b3c4d.js`; false where there is none. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean
}

/** @throws Error when the folder holds no `index.html`, saying how to build it. */
export const createAssets = (folder: string): Assets => {
  if (!existsSync(join(folder, 'index.html'))) throw new Error('The page is not built. Run `npm run build` first.')
  const serveFile = sirv(folder, {
    brotli: true,
    gzip: true,
    etag: true,
    extensions: [],
    setHeaders(response, path) {
      response.setHeader('Content-Type', typeOf(path))
      response.once('pipe', (source: ReadStream) => watchSource(source, response))
    },
  })

  return {
    serve(path, request, response) {
      tidy(request, path)
      response.setHeader('Cache-Control', isHashed(path) ? 'public, max-age=31536000, immutable' : 'no-cache')
      response.setHeader('Vary', 'Accept-Encoding')
      let isFound = true
      serveFile(request, response, () => {
        isFound = false
      })
      return isFound
    },
  }
}

/** The name changes with the content, so it may be kept for ever. */
const isHashed = (path: string): boolean => /^\/assets\/.+-[\w-]{8,}\.\w+$/.test(path)

const typeOf = (path: string): string => {
  const type = lookup(path) ?? 'application/octet-stream'
  return /^text\/|json$|^image\/svg/.test(type) ? `${type}; charset=utf-8` : type
}

/**
 * What sirv reads of a request, in the one form that it reads correctly: it takes `br;q=0` for a wish, a range from the end
 * for one from the start, and compares a list of ETags as a whole.
 */
const tidy = (request: IncomingMessage, path: string): void => {
  const { headers } = request
  request.url = path.split('/').map(encodeURIComponent).join('/')
  headers['accept-encoding'] = acceptedEncodings(headers['accept-encoding'] ?? '').join()
  delete headers.range
  const [etag] = /"\d+-\d+"/.exec(headers['if-none-match'] ?? '') ?? []
  if (etag === undefined) delete headers['if-none-match']
  else headers['if-none-match'] = `W/${etag}`
}

/** The encodings of an Accept-Encoding header that are not refused by `q=0`. */
const acceptedEncodings = (header: string): string[] =>
  header
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*/))
    .filter(([, quality]) => quality === undefined || Number(quality.replace('q=', '')) > 0)
    .map(([encoding = '']) => encoding)

/** sirv leaves its file open when the browser goes away, and knows no files that change or vanish. */
const watchSource = (source: ReadStream, response: ServerResponse): void => {
  const length = Number(response.getHeader('Content-Length'))
  source.on('error', () => response.destroy())
  source.once('open', (file) => {
    if (fstatSync(file).size !== length) response.destroy()
  })
  response.once('close', () => source.destroy())
}

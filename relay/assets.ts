import { existsSync, fstatSync, type ReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { lookup } from 'mrmime'
import sirv from 'sirv'

/**
 * Streams the files of the built page from disk, in the best encoding that the build made (`scripts/compress.ts`) and
 * the browser accepts. Serves only files that existed at start. The response for a file that has changed since is cut
 * off, so a new build needs a restart.
 */
export interface Assets {
  /** Sends the file at a decoded path, such as `/assets/app-1a2b3c4d.js`; false if it does not exist. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean
}

/** @throws Error naming the build command when the folder has no `index.html`. */
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
      if (!isFileName(path)) return false
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

/** sirv ignores a slash at the end, and would send an encoding by its own name to browsers that do not accept it. */
const isFileName = (path: string): boolean => !/\/$|\.(br|gz)$/.test(path)

/** A hashed name changes with the content, so the browser may cache the file forever. */
const isHashed = (path: string): boolean => /^\/assets\/.+-[\w-]{8,}\.\w+$/.test(path)

const typeOf = (path: string): string => {
  const type = lookup(path) ?? 'application/octet-stream'
  return /^text\/|json$|^image\/svg/.test(type) ? `${type}; charset=utf-8` : type
}

/**
 * Rewrites request headers into the only form that sirv reads correctly: it takes `br;q=0` as accepting Brotli, reads a
 * suffix range as one from the start, compares a list of ETags as one string, and leaves an escaped `@` escaped.
 */
const tidy = (request: IncomingMessage, path: string): void => {
  const { headers } = request
  request.url = encodeURI(path).replace(/[?#]/g, encodeURIComponent)
  headers['accept-encoding'] = acceptedEncodings(headers['accept-encoding'] ?? '').join()
  delete headers.range
  const [etag] = /"\d+-\d+"/.exec(headers['if-none-match'] ?? '') ?? []
  if (etag === undefined) delete headers['if-none-match']
  else headers['if-none-match'] = `W/${etag}`
}

/** Encodings of an Accept-Encoding header, without those refused by `q=0`. */
const acceptedEncodings = (header: string): string[] =>
  header
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*/))
    .filter(([, quality]) => quality === undefined || Number(quality.replace('q=', '')) > 0)
    .map(([encoding = '']) => encoding)

/** sirv leaves the file open when the browser disconnects, and does not expect files to change or vanish. */
const watchSource = (source: ReadStream, response: ServerResponse): void => {
  const length = Number(response.getHeader('Content-Length'))
  source.on('error', () => response.destroy())
  source.once('open', (file) => {
    if (fstatSync(file).size !== length) response.destroy()
  })
  response.once('close', () => source.destroy())
}

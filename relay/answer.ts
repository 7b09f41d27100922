import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** A short response of the page server, which is in memory as a whole. */
export interface Answer {
  status: number
  headers: OutgoingHttpHeaders
  body: Buffer
}

const refusals = {
  400: 'Malformed path.',
  403: 'Not allowed from here.',
  404: 'Not found.',
  405: 'Only GET and HEAD are supported.',
  413: 'The body is too large.',
  415: 'The type or encoding of the body is not supported.',
  429: 'Too many requests.',
  500: 'Internal error.',
  502: 'The collector cannot be reached.',
  503: 'Busy.',
  504: 'The collector did not answer in time.',
}

export type RefusalStatus = keyof typeof refusals

export const refusal = (
  status: RefusalStatus,
  headers: OutgoingHttpHeaders = {},
  text: string = refusals[status],
): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
  body: Buffer.from(`${text}\n`),
})

export const json = (value: object, status: 200 | 503 = 200): Answer => ({
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' },
  body: Buffer.from(JSON.stringify(value)),
})

export const send = ({ status, headers, body }: Answer, request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(status, { ...headers, 'Content-Length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}

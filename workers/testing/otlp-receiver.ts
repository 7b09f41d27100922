import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as v from 'valibot'

/**
 * An OTLP/HTTP receiver for tests: decodes JSON as strictly as the specification of OTLP defines it, and keeps what
 * arrives. It serves the paths of a collector (`/v1/traces`) and those of the page's server (`/otlp/v1/traces`).
 */
export interface OtlpReceiver {
  /** URL of the server, such as `http://127.0.0.1:4318`. */
  readonly origin: string
  /** All spans, in order of arrival. */
  readonly spans: readonly ReceivedSpan[]
  /** All metrics, each collection anew. */
  readonly metrics: readonly ReceivedMetric[]
  /** The bodies as they arrived. */
  readonly bodies: readonly string[]
  /** What did not have the form of OTLP. */
  readonly faults: readonly string[]
  /** Number of requests, including those that `answer` took. */
  requests(): number
  /** Resolves with the first value other than undefined, tried now and after each request. */
  until<T>(look: () => T | undefined): Promise<T>
  stop(): Promise<void>
}

export interface OtlpReceiverOptions {
  /** Takes the request over, for a collector that fails; false: the receiver answers as usual. */
  answer?(request: IncomingMessage, response: ServerResponse): boolean
}

export type ReceivedSpan = v.InferOutput<typeof spanSchema> & {
  readonly resource: Readonly<Record<string, unknown>>
  readonly fields: Readonly<Record<string, unknown>>
}

export type ReceivedMetric = v.InferOutput<typeof metricSchema> & {
  readonly resource: Readonly<Record<string, unknown>>
}

const maxBytes = 4 * 1_048_576

export const startOtlpReceiver = async ({ answer = () => false }: OtlpReceiverOptions = {}): Promise<OtlpReceiver> => {
  const spans: ReceivedSpan[] = []
  const metrics: ReceivedMetric[] = []
  const bodies: string[] = []
  const faults: string[] = []
  const waiting = new Set<() => void>()
  let requests = 0

  const take = (path: string, body: string): void => {
    bodies.push(body)
    const data: unknown = JSON.parse(body)
    if (path === 'traces')
      for (const { resource, scopeSpans } of v.parse(tracesSchema, data).resourceSpans)
        for (const span of scopeSpans.flatMap((scope) => scope.spans))
          spans.push({ ...span, resource: toRecord(resource.attributes), fields: toRecord(span.attributes) })
    else
      for (const { resource, scopeMetrics } of v.parse(metricsSchema, data).resourceMetrics)
        for (const metric of scopeMetrics.flatMap((scope) => scope.metrics)) {
          assertDistinct(metric)
          metrics.push({ ...metric, resource: toRecord(resource.attributes) })
        }
  }

  const server = createServer(async (request, response) => {
    requests += 1
    const [, path] = /^(?:\/otlp)?\/v1\/(traces|metrics)$/.exec(request.url ?? '') ?? []
    if (answer(request, response)) return
    if (path === undefined) return void response.writeHead(404).end()
    if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end()
    try {
      if (request.headers['content-type'] !== 'application/json') throw new Error('not JSON')
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of request) {
        size += (chunk as Buffer).length
        if (size > maxBytes) throw new Error('too large')
        chunks.push(chunk as Buffer)
      }
      take(path, Buffer.concat(chunks).toString())
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}')
    } catch (error) {
      faults.push(error instanceof v.ValiError ? JSON.stringify(v.flatten(error.issues)) : String(error))
      response.writeHead(400).end()
    }
    for (const look of waiting) look()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    origin: `http://127.0.0.1:${port}`,
    spans,
    metrics,
    bodies,
    faults,
    requests: () => requests,
    until: (look) =>
      new Promise((resolve) => {
        const check = (): void => {
          const value = look()
          if (value === undefined) return
          waiting.delete(check)
          resolve(value)
        }
        waiting.add(check)
        check()
      }),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const attributeValue = v.union([
  v.strictObject({ stringValue: v.string() }),
  v.strictObject({ boolValue: v.boolean() }),
  v.strictObject({ intValue: v.union([v.number(), v.string()]) }),
  v.strictObject({ doubleValue: v.number() }),
])
const attributes = v.array(v.strictObject({ key: v.string(), value: attributeValue }))
const traceId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))
const spanId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/))
const nanoseconds = v.pipe(v.string(), v.digits())
const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const resourceSchema = v.object({ attributes })

const spanSchema = v.object({
  traceId,
  spanId,
  parentSpanId: v.optional(spanId),
  name: v.string(),
  kind: count,
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  events: v.array(v.object({ name: v.string(), timeUnixNano: nanoseconds, attributes })),
  status: v.object({ code: count, message: v.optional(v.string()) }),
})

const tracesSchema = v.object({
  resourceSpans: v.array(
    v.object({ resource: resourceSchema, scopeSpans: v.array(v.object({ spans: v.array(spanSchema) })) }),
  ),
})

const point = { attributes, startTimeUnixNano: nanoseconds, timeUnixNano: nanoseconds }
const numberPoint = v.union([
  v.object({ ...point, asInt: v.pipe(v.number(), v.integer()) }),
  v.object({ ...point, asDouble: v.number() }),
])
const buckets = v.object({ offset: v.pipe(v.number(), v.integer()), bucketCounts: v.array(count) })
const cumulative = 2

const metricSchema = v.object({
  name: v.string(),
  unit: v.string(),
  description: v.string(),
  sum: v.optional(
    v.object({
      aggregationTemporality: v.literal(cumulative),
      isMonotonic: v.boolean(),
      dataPoints: v.array(numberPoint),
    }),
  ),
  gauge: v.optional(v.object({ dataPoints: v.array(numberPoint) })),
  exponentialHistogram: v.optional(
    v.object({
      aggregationTemporality: v.literal(cumulative),
      dataPoints: v.array(
        v.object({
          ...point,
          count,
          sum: v.number(),
          min: v.number(),
          max: v.number(),
          scale: v.pipe(v.number(), v.integer()),
          zeroCount: count,
          positive: buckets,
          negative: buckets,
        }),
      ),
    }),
  ),
})

const metricsSchema = v.object({
  resourceMetrics: v.array(
    v.object({ resource: resourceSchema, scopeMetrics: v.array(v.object({ metrics: v.array(metricSchema) })) }),
  ),
})

const toRecord = (given: v.InferOutput<typeof attributes>): Record<string, unknown> =>
  Object.fromEntries(given.map(({ key, value }) => [key, Object.values(value)[0]]))

/** A collector takes the whole body for invalid otherwise, or one series for another. */
const assertDistinct = ({ name, sum, gauge, exponentialHistogram }: v.InferOutput<typeof metricSchema>): void => {
  const points: { attributes: v.InferOutput<typeof attributes> }[] = [
    ...(sum?.dataPoints ?? []),
    ...(gauge?.dataPoints ?? []),
    ...(exponentialHistogram?.dataPoints ?? []),
  ]
  const series = points.map((each) => JSON.stringify(Object.entries(toRecord(each.attributes)).sort()))
  if (new Set(series).size < series.length) throw new Error(`${name} has two series with the same attributes`)
}

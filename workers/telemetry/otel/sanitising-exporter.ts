import { ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { type HashPeer, sanitiseAttributes, sanitiseName } from './exported-attributes.ts'

/** Passes on only what may leave the machine (`exported-attributes.ts`). */
export const createSanitisingExporter = (exporter: SpanExporter, hashPeer: HashPeer): SpanExporter => ({
  export(spans, callback) {
    Promise.all(spans.map((span) => sanitise(span, hashPeer))).then(
      (sanitised) => exporter.export(sanitised, callback),
      (error: Error) => callback({ code: ExportResultCode.FAILED, error }),
    )
  },
  forceFlush: async () => exporter.forceFlush?.(),
  shutdown: () => exporter.shutdown(),
})

const sanitise = async (span: ReadableSpan, hashPeer: HashPeer): Promise<ReadableSpan> => {
  const { status } = span
  const events = span.events.map(async ({ name, attributes = {}, time, droppedAttributesCount }) => ({
    name: sanitiseName(name),
    time,
    attributes: await sanitiseAttributes(attributes, hashPeer),
    ...(droppedAttributesCount === undefined ? {} : { droppedAttributesCount }),
  }))
  const parent = span.parentSpanContext
  return {
    name: sanitiseName(span.name),
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(parent === undefined ? {} : { parentSpanContext: parent }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: status.message === undefined ? status : { code: status.code, message: sanitiseName(status.message) },
    attributes: await sanitiseAttributes(span.attributes, hashPeer),
    links: [],
    events: await Promise.all(events),
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  }
}

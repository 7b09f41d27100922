import type { Attributes, Span, Tracer } from '../telemetry/telemetry.ts'

export interface RecordedSpan {
  readonly name: string
  readonly parent: RecordedSpan | undefined
  readonly attributes: Attributes
  readonly errors: readonly unknown[]
  readonly ended: boolean
}

/** A tracer that records all spans in start order. */
export const createRecordingTracer = (): { tracer: Tracer; spans: readonly RecordedSpan[] } => {
  const spans: RecordedSpan[] = []
  const recordBySpan = new WeakMap<Span, RecordedSpan>()
  const tracer: Tracer = {
    startSpan(name, { parent, attributes = {} } = {}) {
      const errors: unknown[] = []
      const record = {
        name,
        parent: parent === undefined ? undefined : recordBySpan.get(parent),
        attributes: { ...attributes } as Attributes,
        errors,
        ended: false,
      }
      const span: Span = {
        setAttributes(more) {
          record.attributes = { ...record.attributes, ...more }
        },
        addEvent() {},
        setRemoteParent() {},
        exportedContext: () => undefined,
        recordException: (error) => void errors.push(error),
        end() {
          record.ended = true
        },
      }
      spans.push(record)
      recordBySpan.set(span, record)
      return span
    },
  }
  return { tracer, spans }
}

/** The names of a span and its ancestors, outermost first. */
export const pathOf = (span: RecordedSpan): string =>
  span.parent === undefined ? span.name : `${pathOf(span.parent)} > ${span.name}`

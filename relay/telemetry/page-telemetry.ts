import type { RelayConfig } from '../config.ts'
import type { PageServerOptions } from '../http.ts'
import { createForwarding } from '../otlp/forward.ts'
import { createMetricsAnswer } from './metrics-answer.ts'
import { pageFigures } from './page-figures.ts'
import { startPartTelemetry } from './part-telemetry.ts'
import { createRegistry, textOf } from './prometheus.ts'

export interface PageTelemetry {
  /** What the page server serves of it. */
  serving: Required<Pick<PageServerOptions, 'otlp' | 'metrics' | 'onRequest'>>
  stop(): Promise<void>
}

/**
 * Creates the telemetry of the page server: the forwarding of the page's own, `/metrics` with the relay's text, and the
 * figures and spans of this process.
 *
 * @param relayText The relay's metrics as Prometheus text; undefined while it is down.
 */
export const startPageTelemetry = async (
  { collector, metrics: access }: Pick<RelayConfig, 'collector' | 'metrics'>,
  relayText: () => Promise<string | undefined>,
): Promise<PageTelemetry> => {
  const { figures, tracer, stop } = await startPartTelemetry('page', pageFigures, collector)
  const registry = createRegistry(figures)
  const now = () => performance.now()
  let isRelayUp: boolean | undefined
  figures.observe('ggen_page_relay_up', () => (isRelayUp === undefined ? undefined : Number(isRelayUp)))

  const otlp =
    collector === undefined
      ? undefined
      : createForwarding({
          collector,
          now,
          onPost(signal, outcome, bytes) {
            figures.add('ggen_page_otlp_posts_total', 1, { signal, outcome })
            if (bytes > 0) figures.add('ggen_page_otlp_bytes_total', bytes, { signal })
          },
        })
  const metrics = createMetricsAnswer({
    access,
    now,
    async collect() {
      const relay = await relayText()
      isRelayUp = relay !== undefined
      return [(await textOf(registry)) ?? '', relay ?? '']
    },
  })

  return {
    serving: {
      otlp,
      metrics,
      onRequest(method, path) {
        // Telemetry about the transport of telemetry would feed itself.
        const span = path === 'otlp' ? undefined : tracer.startSpan('http_request', { attributes: { path } })
        return (status) => {
          figures.add('ggen_page_http_requests_total', 1, { path, status: `${Math.floor(status / 100)}xx` })
          span?.setAttributes({ method: ['GET', 'HEAD'].includes(method) ? method : 'other', status })
          if (status >= 500) span?.recordException(new Error(String(status)))
          span?.end()
        }
      },
    },
    async stop() {
      otlp?.stop()
      await stop()
    },
  }
}

import type { FigureTable } from './figures.ts'
import { processFigures } from './process-figures.ts'

/** Metrics of the page server's process. */
export const pageFigures = {
  ...processFigures('page'),
  ggen_page_http_requests_total: {
    kind: 'counter',
    unit: '{request}',
    description: 'HTTP requests, by what was asked for (page, healthz, relays, metrics, otlp) and status class (2xx)',
    labels: ['path', 'status'],
  },
  ggen_page_otlp_posts_total: {
    kind: 'counter',
    unit: '{request}',
    description: 'OTLP posts of tabs, by signal and outcome (forwarded, or refused with a status)',
    labels: ['signal', 'outcome'],
  },
  ggen_page_otlp_bytes_total: {
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of OTLP that were forwarded to the collector, by signal',
    labels: ['signal'],
  },
  ggen_page_relay_up: {
    kind: 'gauge',
    unit: '1',
    description: '1 when the process of the relay answered the latest scrape, 0 when it was down',
    labels: [],
  },
} as const satisfies FigureTable<string>

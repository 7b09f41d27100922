import { messages } from './catalogue.ts'
import { choice } from './forms.ts'

/** The export of telemetry: the switch on the network page. */
export const telemetryText = messages('telemetry', {
  title: 'Telemetry export',
  off: 'Off by default. All charts and traces on this page work without it.',
  switch: 'Send traces and metrics to the operator of this site',
  ratio: 'Share of traces to send',
  collector: choice({
    unknown: 'Whether this site collects telemetry is not known yet.',
    available: 'This site collects telemetry.',
    absent: 'This site has no collector, so there is nowhere to send telemetry to.',
    failing: 'The last export failed. It is retried; nothing else is affected.',
  }),
  loading: 'Asking the engine…',
  what: 'What is sent, and what is not',
  sent: 'Sent',
  sentTimes: 'The names, durations and outcomes of operations and their steps, with counts and sizes',
  sentMetrics: 'The figures behind the charts on this page',
  sentPeers: 'Peer IDs as salted hashes, different for each profile',
  notSent: 'Never sent',
  notSentContent: 'Files, their content, and what you search for',
  notSentNames: 'Your keys, your publisher name, and the names of your packages',
  notSentAddresses: 'Addresses of peers',
})

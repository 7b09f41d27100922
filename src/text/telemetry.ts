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
    failing: 'The last export failed and was dropped. The next one is tried later; nothing else is affected.',
  }),
  loading: 'Asking the engine…',
  what: 'What is sent, and what is not',
  sent: 'Sent',
  sentTimes: 'The names, durations and outcomes of operations and their steps, with counts and sizes',
  sentMetrics: 'Metrics of this browser: counts, rates, durations, bytes, storage and memory',
  sentPackages:
    'IDs, versions and content hashes of packages that you publish, look up or install. An ID contains the publisher’s ID and the package’s short name',
  sentPeers: 'Peer IDs as salted hashes, different for each profile',
  sentEngine: 'The version of this program, and a random number that is new at each start',
  sentTraceIds: 'To the peers that you ask: the ID of the trace',
  notSent: 'Never sent',
  notSentContent: 'Files, their names and content, and what you search for',
  notSentNames: 'Your keys, your publisher name, and the descriptions of packages',
  notSentAddresses: 'Peer IDs themselves, and addresses',
})

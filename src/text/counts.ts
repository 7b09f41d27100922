import { messages } from './catalogue.ts'
import { count } from './forms.ts'

/** Numbers of things, as parts of longer messages. */
export const counts = messages('counts', {
  packages: count({ one: '{count} package', other: '{count} packages' }),
  files: count({ one: '{count} file', other: '{count} files' }),
  errors: count({ one: '{count} error', other: '{count} errors' }),
  warnings: count({ one: '{count} warning', other: '{count} warnings' }),
  notes: count({ one: '{count} note', other: '{count} notes' }),
  peers: count({ one: '{count} peer', other: '{count} peers' }),
  requests: count({ one: '{count} request', other: '{count} requests' }),
  records: count({ one: '{count} record', other: '{count} records' }),
  entries: count({ one: '{count} entry', other: '{count} entries' }),
})

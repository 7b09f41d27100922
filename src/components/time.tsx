import { formatAgo, formatDate, formatDateTime, toIsoTime } from '../lib/format.ts'

/** A time in words, exact where the pointer rests: how long ago, or with no `now` the date. Total, like its words. */
export const Time = ({ at, now }: { at: number; now?: number }) => (
  <time dateTime={toIsoTime(at)} title={formatDateTime(at)}>
    {now === undefined ? formatDate(at) : formatAgo(at, now)}
  </time>
)

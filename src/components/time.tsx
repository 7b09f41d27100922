import { formatAgo, formatDate, formatDateTime, isKnownTime } from '../text/format.ts'

/** A time in words, exact where the pointer rests: how long ago, or with no `now` the date. Total, like its words. */
export const Time = ({ at, now }: { at: number; now?: number }) => (
  <time dateTime={isKnownTime(at) ? new Date(at).toISOString() : undefined} title={formatDateTime(at)}>
    {now === undefined ? formatDate(at) : formatAgo(at, now)}
  </time>
)

import { formatAgo, formatDate, formatDateTime, isKnownTime } from '../text/format.ts'

/** How long ago, or the date without `now`; the tooltip has the exact time. Accepts any number. */
export const Time = ({ at, now }: { at: number; now?: number }) => (
  <time dateTime={isKnownTime(at) ? new Date(at).toISOString() : undefined} title={formatDateTime(at)}>
    {now === undefined ? formatDate(at) : formatAgo(at, now)}
  </time>
)

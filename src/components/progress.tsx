import { formatPercent } from '../text/numbers.ts'

/** Progress bar; `share` is 0 to 1, or undefined while the total is unknown. */
export const Progress = ({ label, share }: { label: string; share: number | undefined }) => (
  <progress
    aria-label={label}
    className="progress"
    max={1}
    {...(share === undefined ? {} : { value: share, 'aria-valuetext': formatPercent(share) })}
  />
)

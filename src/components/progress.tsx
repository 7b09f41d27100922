import { formatPercent } from '../text/numbers.ts'

/** A bar; `share` is 0 to 1, or undefined while the size of the work is not known. */
export const Progress = ({ label, share }: { label: string; share: number | undefined }) => (
  <progress
    aria-label={label}
    className="progress"
    max={1}
    {...(share === undefined ? {} : { value: share, 'aria-valuetext': formatPercent(share) })}
  />
)

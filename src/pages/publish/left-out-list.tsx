import type { LeftOut } from '../../../workers/contract/views.ts'
import { counts } from '../../text/counts.ts'
import { publishText } from '../../text/publish.ts'

/** Chosen files that are not published, with the reason. */
export const LeftOutList = ({ leftOut }: { leftOut: readonly LeftOut[] }) =>
  leftOut.length === 0 ? null : (
    <section aria-label={publishText.leftOut} className="left-out">
      <h3>{publishText.leftOut}</h3>
      <ul>
        {leftOut.map(({ name, reason, files, atLeast }) => (
          <li key={`${reason} ${name}`}>
            <code className="break">{name}</code>{' '}
            <span className="left-out-why">
              {publishText.leftOutWhy({
                reason: publishText.leftOutReason(reason),
                files: atLeast ? publishText.filesAtLeast(files) : counts.files(files),
              })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )

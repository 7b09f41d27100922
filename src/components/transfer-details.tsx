import { Link } from 'wouter'
import { useAppState, useLinks } from '../hooks/use-app.ts'
import { transferText } from '../text/transfers.ts'

/** A link to the steps of an install that has ended; nothing for one that this page did not begin. */
export const TransferDetails = ({ transferId }: { transferId: string }) => {
  const links = useLinks()
  const traceId = useAppState(({ traceIdByTransfer }) => traceIdByTransfer[transferId])
  return traceId === undefined ? null : <Link href={links.trace(traceId)}>{transferText.details}</Link>
}

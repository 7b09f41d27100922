import { type ReactNode, useState } from 'react'
import type { FailureView } from '../../../workers/contract/failures.ts'
import type { PeerView } from '../../../workers/contract/views.ts'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { formatDuration } from '../../text/format.ts'
import { peersText } from '../../text/peers.ts'
import { sayFailure } from '../../text/reasons.ts'
import { peerName } from './peer-words.ts'

/** What a person can do with a peer. */
export type PeerTarget = Pick<PeerView, 'peerId' | 'kind'>

export interface PeerActions {
  ping(peer: PeerTarget): Promise<void>
  /** Asks for confirmation first, as `ban` does. */
  disconnect(peer: PeerTarget): void
  ban(peer: PeerTarget): void
  unban(peer: PeerTarget): Promise<void>
  /** The question that is open, to be drawn outside of anything that is renewed. */
  dialog: ReactNode
}

/** Actions on peers, which report their outcome in a notice. */
export const usePeerActions = (): PeerActions => {
  const commands = useCommands()
  const [asking, setAsking] = useState<{ action: 'disconnect' | 'ban'; peer: PeerTarget }>()

  const report = (outcome: FailureView | undefined, done: string): void => {
    if (outcome === undefined) commands.notify('success', done)
    else commands.notify('error', sayFailure(outcome))
    void commands.loadPeers()
  }

  const confirm = async ({ action, peer }: NonNullable<typeof asking>): Promise<void> => {
    const name = peerName(peer)
    if (action === 'ban') report((await commands.ban(peer.peerId)) ?? undefined, peersText.banned({ name }))
    else report((await commands.disconnect(peer.peerId)) ?? undefined, peersText.disconnected({ name }))
  }

  return {
    async ping(peer) {
      const answer = await commands.ping(peer.peerId, 1)
      const name = peerName(peer)
      if (isFailureView(answer)) commands.notify('error', sayFailure(answer))
      else if (answer.medianMs === undefined) commands.notify('warning', peersText.notAnswered({ name }))
      else commands.notify('success', peersText.answered({ name, roundTrip: formatDuration(answer.medianMs) }))
    },
    disconnect: (peer) => setAsking({ action: 'disconnect', peer }),
    ban: (peer) => setAsking({ action: 'ban', peer }),
    async unban(peer) {
      report((await commands.unban(peer.peerId)) ?? undefined, peersText.unbanned({ name: peerName(peer) }))
    },
    dialog:
      asking === undefined ? null : (
        <ConfirmDialog
          confirm={asking.action === 'ban' ? peersText.ban : peersText.disconnect}
          onClose={() => setAsking(undefined)}
          onConfirm={() => void confirm(asking)}
          title={
            asking.action === 'ban'
              ? peersText.banTitle({ name: peerName(asking.peer) })
              : peersText.disconnectTitle({ name: peerName(asking.peer) })
          }
        >
          <p>
            {asking.action === 'ban'
              ? peersText.banBody
              : asking.peer.kind === 'relay'
                ? peersText.disconnectRelay
                : peersText.disconnectPeer}
          </p>
        </ConfirmDialog>
      ),
  }
}

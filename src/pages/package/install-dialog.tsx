import { useEffect, useState } from 'react'
import type { FailureView } from '../../../workers/contract/failures.ts'
import type { InstallPlan, PackageView, VersionView } from '../../../workers/contract/views.ts'
import { Banner } from '../../components/banner.tsx'
import { Button, LinkButton } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { Icon } from '../../components/icon.tsx'
import { TransferCard } from '../../components/transfer-card.tsx'
import { useAppState, useCommands, useLinks } from '../../hooks/use-app.ts'
import { formatBytes, inWords, plural, slugOf } from '../../lib/format.ts'
import { keyed } from '../../lib/keyed.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { sayFailure, sayReason } from '../../text/reasons.ts'

interface Props {
  view: PackageView
  version: VersionView
  onClose: () => void
}

/** Shows what an install would do, then does it. Closing the dialog leaves a running install running. */
export const InstallDialog = ({ view, version, onClose }: Props) => {
  const { summary } = view
  const spec = `${summary.id}@=${version.version}`
  const { planInstall, install, cancel, retry } = useCommands()
  const links = useLinks()
  const [allowMissing, setAllowMissing] = useState(false)
  const [plan, setPlan] = useState<InstallPlan | FailureView>()
  const [transferId, setTransferId] = useState<string>()
  const transfer = useAppState((state) => (transferId === undefined ? undefined : state.transferById[transferId]))

  useEffect(() => {
    let wanted = true
    setPlan(undefined)
    planInstall([spec], { allowMissing }).then((found) => {
      if (wanted) setPlan(found)
    })
    return () => {
      wanted = false
    }
  }, [spec, allowMissing, planInstall])

  const title = `Install ${summary.slug} ${version.version}`
  if (transfer !== undefined) {
    const isDone = transfer.state === 'done'
    const isOver = isDone || transfer.state === 'failed' || transfer.state === 'cancelled'
    return (
      <Dialog
        actions={
          isDone ? (
            <>
              <Button onClick={onClose}>Done</Button>
              <LinkButton href={links.library()} icon="library" look="primary">
                Open library
              </LinkButton>
            </>
          ) : isOver ? (
            <>
              <Button onClick={onClose}>Close</Button>
              <Button icon="refresh" look="primary" onClick={() => setTransferId(retry(transfer))}>
                Try again
              </Button>
            </>
          ) : (
            <>
              <Button onClick={() => cancel(transfer.id)}>Cancel install</Button>
              <Button look="primary" onClick={onClose}>
                Go on in the background
              </Button>
            </>
          )
        }
        onClose={onClose}
        title={title}
      >
        {isDone ? (
          <Banner title="Installed" tone="success">
            Every file was checked and is in your library. Others can now fetch it from you too.
          </Banner>
        ) : (
          <TransferCard bare titled={false} transfer={transfer} />
        )}
      </Dialog>
    )
  }

  const failure = plan !== undefined && isFailureView(plan) ? plan : undefined
  const ready = plan !== undefined && !isFailureView(plan) ? plan : undefined
  return (
    <Dialog
      actions={
        <>
          <Button onClick={onClose}>Not now</Button>
          {failure?.name === 'DependencyMissing' ? (
            <Button look="danger" onClick={() => setAllowMissing(true)}>
              Install anyway…
            </Button>
          ) : (
            <Button
              disabled={ready === undefined}
              icon="download"
              look="primary"
              onClick={() => setTransferId(install([spec], { allowMissing }))}
            >
              {allowMissing ? 'Install anyway' : 'Install'}
            </Button>
          )}
        </>
      }
      onClose={onClose}
      title={title}
    >
      {version.equivocation ? (
        <Banner title="Two different contents are signed as this version" tone="error">
          Ask the publisher which one is right before you go on.
        </Banner>
      ) : null}
      {version.yanked ? (
        <Banner title="This version was withdrawn" tone="warning">
          Its publisher advises against it.
        </Banner>
      ) : null}
      {failure === undefined ? null : (
        <Banner
          title={failure.name === 'DependencyMissing' ? 'Something it needs is missing' : 'It cannot be installed'}
          tone={failure.name === 'DependencyMissing' ? 'warning' : 'error'}
          urgent
        >
          <p>{sayFailure(failure)}</p>
        </Banner>
      )}
      {plan === undefined ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> Working out what is needed…
        </p>
      ) : null}
      {ready === undefined ? null : <Plan plan={ready} wanted={summary.id} />}
    </Dialog>
  )
}

const Plan = ({ plan: { packages, bytes, warnings }, wanted }: { plan: InstallPlan; wanted: string }) => (
  <>
    {keyed(warnings.map(sayReason), String).map(({ key, item }) => (
      <Banner key={key} tone="warning">
        {item}
      </Banner>
    ))}
    <ul aria-label="What will be installed" className="plan">
      {wantedFirst(packages, wanted).map(({ id, slug, version, size, installed, requiredBy }) => (
        <li key={`${id}@${version}`}>
          <span className="plan-name">
            <b>{slug}</b> <span className="version">{version}</span>
          </span>
          <span className="plan-size">{installed ? 'already here' : formatBytes(size)}</span>
          <span className="plan-why">
            {id === wanted || requiredBy.length === 0
              ? 'what you asked for'
              : `needed by ${inWords(requiredBy.map(slugOf))}`}
          </span>
        </li>
      ))}
    </ul>
    <p className="plan-sum">{sumInWords(packages, bytes)} Packages are data: nothing is run.</p>
  </>
)

/** Looking at a package can have fetched its files before, so there can be less to fetch than the list adds up to. */
const sumInWords = (packages: InstallPlan['packages'], bytes: number): string => {
  const missing = packages.filter(({ installed }) => !installed)
  const size = missing.reduce((sum, each) => sum + each.size, 0)
  if (missing.length === 0) return 'Everything is already here; nothing has to be fetched.'
  const whole = `${plural(missing.length, 'package')}, ${formatBytes(size)}`
  if (bytes === 0) return `${whole}, fetched already.`
  return bytes < size ? `${whole}, of which ${formatBytes(bytes)} are still to fetch.` : `${whole} to fetch.`
}

const wantedFirst = (packages: InstallPlan['packages'], wanted: string): InstallPlan['packages'] => [
  ...packages.filter(({ id }) => id === wanted),
  ...packages.filter(({ id }) => id !== wanted),
]

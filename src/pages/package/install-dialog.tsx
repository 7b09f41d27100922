import { useEffect, useState } from 'react'
import type { FailureView } from '../../../workers/contract/failures.ts'
import type { InstallPlan, PackageView, VersionView } from '../../../workers/contract/views.ts'
import { Banner } from '../../components/banner.tsx'
import { Button, LinkButton } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { Icon } from '../../components/icon.tsx'
import { TransferCard } from '../../components/transfer-card.tsx'
import { TransferDetails } from '../../components/transfer-details.tsx'
import { useAppState, useCommands, useLinks } from '../../hooks/use-app.ts'
import { keyed } from '../../lib/keyed.ts'
import { slugOf } from '../../lib/names.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { controlText } from '../../text/controls.ts'
import { counts } from '../../text/counts.ts'
import { formatBytes, formatList } from '../../text/format.ts'
import { installText } from '../../text/install.ts'
import { sayFailure, sayReason } from '../../text/reasons.ts'

interface Props {
  view: PackageView
  version: VersionView
  onClose: () => void
}

/** Shows the install plan, then runs it. Closing the dialog does not stop a running install. */
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
    void planInstall([spec], { allowMissing }).then((found) => {
      if (wanted) setPlan(found)
    })
    return () => {
      wanted = false
    }
  }, [spec, allowMissing, planInstall])

  const title = installText.title({ slug: summary.slug, version: version.version })
  if (transfer !== undefined) {
    const isDone = transfer.state === 'done'
    const isOver = isDone || transfer.state === 'failed' || transfer.state === 'cancelled'
    return (
      <Dialog
        actions={
          isDone ? (
            <>
              <Button onClick={onClose}>{controlText.done}</Button>
              <LinkButton href={links.library()} icon="library" look="primary">
                {controlText.openLibrary}
              </LinkButton>
            </>
          ) : isOver ? (
            <>
              <Button onClick={onClose}>{controlText.close}</Button>
              <Button icon="refresh" look="primary" onClick={() => setTransferId(retry(transfer))}>
                {controlText.tryAgain}
              </Button>
            </>
          ) : (
            <>
              <Button onClick={() => cancel(transfer.id)}>{installText.cancelInstall}</Button>
              <Button look="primary" onClick={onClose}>
                {installText.continue}
              </Button>
            </>
          )
        }
        onClose={onClose}
        title={title}
      >
        {isDone ? (
          <Banner title={installText.doneTitle} tone="success">
            {installText.done} <TransferDetails transferId={transfer.id} />
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
          <Button onClick={onClose}>{controlText.cancel}</Button>
          {failure?.name === 'DependencyMissing' ? (
            <Button look="danger" onClick={() => setAllowMissing(true)}>
              {installText.reviewAnyway}
            </Button>
          ) : (
            <Button
              disabled={ready === undefined}
              icon="download"
              look="primary"
              onClick={() => setTransferId(install([spec], { allowMissing }))}
            >
              {allowMissing ? installText.installAnyway : installText.install}
            </Button>
          )}
        </>
      }
      onClose={onClose}
      title={title}
    >
      {version.equivocation ? (
        <Banner title={installText.conflictTitle} tone="error">
          {installText.conflict}
        </Banner>
      ) : null}
      {version.yanked ? (
        <Banner title={installText.yankedTitle} tone="warning">
          {installText.yanked}
        </Banner>
      ) : null}
      {failure === undefined ? null : (
        <Banner
          title={failure.name === 'DependencyMissing' ? installText.dependencyMissingTitle : installText.failedTitle}
          tone={failure.name === 'DependencyMissing' ? 'warning' : 'error'}
          urgent
        >
          <p>{sayFailure(failure)}</p>
        </Banner>
      )}
      {plan === undefined ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> {installText.resolving}
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
    <ul aria-label={installText.plan} className="plan">
      {wantedFirst(packages, wanted).map(({ id, slug, version, size, installed, requiredBy }) => (
        <li key={`${id}@${version}`}>
          <span className="plan-name">
            <b>{slug}</b> <span className="version">{version}</span>
          </span>
          <span className="plan-size">{installed ? installText.alreadyInstalled : formatBytes(size)}</span>
          <span className="plan-why">
            {id === wanted || requiredBy.length === 0
              ? installText.requested
              : installText.requiredBy({ packages: formatList(requiredBy.map(slugOf)) })}
          </span>
        </li>
      ))}
    </ul>
    <p className="plan-sum">
      {sumText(packages, bytes)} {installText.harmless}
    </p>
  </>
)

/** Viewing a package can already have fetched files, so less may remain than the sizes add up to. */
const sumText = (packages: InstallPlan['packages'], bytes: number): string => {
  const missing = packages.filter(({ installed }) => !installed)
  const size = missing.reduce((sum, each) => sum + each.size, 0)
  if (missing.length === 0) return installText.nothingToFetch
  const values = { packages: counts.packages(missing.length), size: formatBytes(size) }
  if (bytes === 0) return installText.allFetched(values)
  return bytes < size
    ? installText.partlyFetched({ ...values, missing: formatBytes(bytes) })
    : installText.toFetch(values)
}

const wantedFirst = (packages: InstallPlan['packages'], wanted: string): InstallPlan['packages'] => [
  ...packages.filter(({ id }) => id === wanted),
  ...packages.filter(({ id }) => id !== wanted),
]

import './package.css'
import * as Tabs from '@radix-ui/react-tabs'
import { useEffect, useState } from 'react'
import { useLocation, useParams, useSearch } from 'wouter'
import type { FailureView } from '../../../workers/contract/failures.ts'
import type { PackageView, VersionView } from '../../../workers/contract/views.ts'
import { Banner } from '../../components/banner.tsx'
import { Button, LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useApp, useAppState, useCommands, useLinks } from '../../hooks/use-app.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { type PackageTab, packageTabs, parsePackageQuery } from '../../routes.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatList } from '../../text/format.ts'
import { formatCount } from '../../text/numbers.ts'
import { packageText } from '../../text/package.ts'
import { sayFailure } from '../../text/reasons.ts'
import { Dependencies } from './dependencies.tsx'
import { Files } from './files.tsx'
import { InstallDialog } from './install-dialog.tsx'
import { PackageFacts } from './package-facts.tsx'
import { PackageHeader } from './package-header.tsx'
import { Readme } from './readme-tab.tsx'
import { Versions } from './versions.tsx'

/** One package. Reloaded when an update names it. */
export default function PackagePage() {
  const { publisher = '', slug = '' } = useParams()
  const id = `${publisher}/${slug}`
  const { describe, preview } = useCommands()
  const asked = useAppState((state) => state.packageById[id])
  const ready = useAppState((state) => state.engine.phase === 'ready')
  const connections = useAppState((state) => state.status?.connections ?? 0)
  useTitle(asked?.value?.displayName ?? slug)
  useEffect(() => {
    if (ready) void describe(id)
  }, [describe, id, ready])
  const isDue = asked?.stale === true && !asked.busy
  useEffect(() => {
    if (ready && isDue) void describe(id)
  }, [describe, id, ready, isDue])
  const root = asked?.value === undefined ? undefined : newestOf(asked.value)?.root
  // biome-ignore lint/correctness/useExhaustiveDependencies: other peers may have the files of this root
  useEffect(() => {
    if (ready && root !== undefined) void preview(id)
  }, [preview, id, ready, root, connections])

  if (asked?.value !== undefined) return <Described view={asked.value} />
  if (asked?.failure !== undefined) return <Missing failure={asked.failure} id={id} slug={slug} />
  return (
    <h1 className="page-loading">
      <Icon className="spin" name="working" /> {packageText.loading({ slug })}
    </h1>
  )
}

const Described = ({ view }: { view: PackageView }) => {
  const { links } = useApp()
  const [, navigate] = useLocation()
  const { tab, file } = parsePackageQuery(useSearch())
  const [installing, setInstalling] = useState<VersionView>()
  const { id } = view.summary
  const newest = newestOf(view)
  return (
    <article className="package">
      <Part name={drawingFailureText.packageHeader} of={view}>
        <PackageHeader newest={newest} onInstall={setInstalling} view={view} />
      </Part>
      <Part name={drawingFailureText.conflicts} of={view}>
        <SignedTwice view={view} />
      </Part>
      <Tabs.Root
        className="package-main"
        onValueChange={(value) =>
          navigate(links.package(id, { tab: packageTabs.find((each) => each === value) ?? 'readme' }), {
            replace: true,
          })
        }
        value={tab}
      >
        <Tabs.List aria-label={packageText.tabs} className="tabs">
          {packageTabs.map((each) => (
            <Tabs.Trigger className="tab" key={each} value={each}>
              {packageText.tab(each)}
              <Part of={view}>
                <TabCount tab={each} view={view} />
              </Part>
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content className="tab-panel" value="readme">
          <Part name={drawingFailureText.readme} of={view}>
            <Readme view={view} />
          </Part>
        </Tabs.Content>
        <Tabs.Content className="tab-panel" value="files">
          <Part key={file} name={file === undefined ? drawingFailureText.files : drawingFailureText.file} of={view}>
            <Files file={file} view={view} />
          </Part>
        </Tabs.Content>
        <Tabs.Content className="tab-panel" value="versions">
          <Part name={drawingFailureText.versions} of={view}>
            <Versions onInstall={setInstalling} view={view} />
          </Part>
        </Tabs.Content>
        <Tabs.Content className="tab-panel" value="dependencies">
          <Part name={drawingFailureText.dependencies} of={view}>
            <Dependencies view={view} />
          </Part>
        </Tabs.Content>
      </Tabs.Root>
      <Part name={drawingFailureText.facts} of={view}>
        <PackageFacts newest={newest} view={view} />
      </Part>
      {installing === undefined ? null : (
        <Part name={drawingFailureText.installPlan} of={installing} onClose={() => setInstalling(undefined)}>
          <InstallDialog onClose={() => setInstalling(undefined)} version={installing} view={view} />
        </Part>
      )}
    </article>
  )
}

/** The version that stands for the package. */
const newestOf = ({ summary, versions }: PackageView): VersionView | undefined =>
  versions.find(({ version }) => version === summary.version) ?? versions[0]

/** Number of items in a tab, where known. */
const TabCount = ({ tab, view }: { tab: PackageTab; view: PackageView }) => {
  const { files, versions, dependencies } = view
  const newest = newestOf(view)
  const counts = {
    readme: undefined,
    files: files?.length ?? newest?.fileCount,
    versions: versions.length,
    dependencies: dependencies.length,
  }
  return counts[tab] === undefined ? null : <span className="tab-count">{formatCount(counts[tab])}</span>
}

const SignedTwice = ({ view }: { view: PackageView }) => {
  const twice = view.versions.filter(({ equivocation }) => equivocation).map(({ version }) => version)
  return twice.length === 0 ? null : (
    <Banner tone="error" title={packageText.conflictTitle({ versions: formatList(twice) })}>
      {packageText.conflict}
    </Banner>
  )
}

const Missing = ({ id, slug, failure }: { id: string; slug: string; failure: FailureView }) => {
  const { lookup, describe } = useCommands()
  const links = useLinks()
  const [state, setState] = useState<'idle' | 'asking' | string>('idle')
  const ask = async (): Promise<void> => {
    setState('asking')
    const answer = await lookup(id)
    if ('found' in answer && answer.found) await describe(id)
    else setState('found' in answer ? packageText.notFound : sayFailure(answer))
  }
  const isAbsent = failure.name === 'PackageNotFound'
  return (
    <EmptyState
      actions={
        <>
          <Button disabled={state === 'asking'} icon="network" look="primary" onClick={ask}>
            {state === 'asking' ? packageText.askingNetwork : packageText.askNetwork}
          </Button>
          <LinkButton href={links.browse({ text: slug })} icon="search">
            {packageText.searchFor({ slug })}
          </LinkButton>
        </>
      }
      icon={isAbsent ? 'search' : 'error'}
      level={1}
      title={isAbsent ? packageText.missingTitle({ slug }) : packageText.failedTitle({ slug })}
    >
      <p>{isAbsent ? packageText.missing : sayFailure(failure)}</p>
      <output>{state === 'idle' || state === 'asking' ? '' : state}</output>
    </EmptyState>
  )
}

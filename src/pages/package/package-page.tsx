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
import { formatCount } from '../../lib/format.ts'
import { type PackageTab, packageTabs, parsePackageQuery } from '../../routes.ts'
import { sayFailure } from '../../text/reasons.ts'
import { Dependencies } from './dependencies.tsx'
import { Files } from './files.tsx'
import { InstallDialog } from './install-dialog.tsx'
import { PackageFacts } from './package-facts.tsx'
import { PackageHeader } from './package-header.tsx'
import { Readme } from './readme-tab.tsx'
import { Versions } from './versions.tsx'

/** Everything about one package. It is asked for again when the catalogue or the library changes. */
export default function PackagePage() {
  const { publisher = '', slug = '' } = useParams()
  const id = `${publisher}/${slug}`
  const { describe } = useCommands()
  const asked = useAppState((state) => state.packageById[id])
  const ready = useAppState((state) => state.engine.phase === 'ready')
  const catalogue = useAppState((state) => state.catalogue.revision)
  const library = useAppState((state) => state.libraryRevision)
  useTitle(asked?.value?.displayName ?? slug)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new revision is the reason to ask again
  useEffect(() => {
    if (ready) describe(id)
  }, [describe, id, ready, catalogue, library])

  if (asked?.value !== undefined) return <Described view={asked.value} />
  if (asked?.failure !== undefined) return <Missing failure={asked.failure} id={id} slug={slug} />
  return (
    <p className="page-loading">
      <Icon className="spin" name="working" /> Looking up {slug}…
    </p>
  )
}

const tabTitles = { readme: 'Read me', files: 'Files', versions: 'Versions', dependencies: 'Dependencies' } as const

const Described = ({ view }: { view: PackageView }) => {
  const { links } = useApp()
  const [, navigate] = useLocation()
  const { tab, file } = parsePackageQuery(useSearch())
  const [installing, setInstalling] = useState<VersionView>()
  const { id } = view.summary
  const newest = view.versions.find(({ version }) => version === view.summary.version) ?? view.versions[0]
  return (
    <article className="package">
      <Part name="The name of this package" of={view}>
        <PackageHeader newest={newest} onInstall={setInstalling} view={view} />
      </Part>
      <Part name="Whether a version was signed twice" of={view}>
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
        <Tabs.List aria-label="About this package" className="tabs">
          {packageTabs.map((each) => (
            <Tabs.Trigger className="tab" key={each} value={each}>
              {tabTitles[each]}
              <Part of={view}>
                <TabCount tab={each} view={view} />
              </Part>
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content className="tab-panel" value="readme">
          <Part name="The read-me file" of={view}>
            <Readme view={view} />
          </Part>
        </Tabs.Content>
        <Tabs.Content className="tab-panel" value="files">
          <Part key={file} name={file === undefined ? 'The list of files' : 'This file'} of={view}>
            <Files file={file} view={view} />
          </Part>
        </Tabs.Content>
        <Tabs.Content className="tab-panel" value="versions">
          <Part name="The list of versions" of={view}>
            <Versions onInstall={setInstalling} view={view} />
          </Part>
        </Tabs.Content>
        <Tabs.Content className="tab-panel" value="dependencies">
          <Part name="The list of dependencies" of={view}>
            <Dependencies view={view} />
          </Part>
        </Tabs.Content>
      </Tabs.Root>
      <Part name="What is known of this package" of={view}>
        <PackageFacts newest={newest} view={view} />
      </Part>
      {installing === undefined ? null : (
        <Part name="What would be installed" of={installing} onClose={() => setInstalling(undefined)}>
          <InstallDialog onClose={() => setInstalling(undefined)} version={installing} view={view} />
        </Part>
      )}
    </article>
  )
}

/** How many a tab holds, where that is known. */
const TabCount = ({ tab, view }: { tab: PackageTab; view: PackageView }) => {
  const { files, versions, dependencies, summary } = view
  const newest = versions.find(({ version }) => version === summary.version) ?? versions[0]
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
    <Banner tone="error" title={`Two different contents are signed as ${twice.join(', ')}`}>
      The publisher, or someone with its key, signed the same version twice. Both signatures are kept as proof. This
      version is not installed unless you decide so; ask the publisher first.
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
    else setState('found' in answer ? 'No peer that answered knows it.' : sayFailure(answer))
  }
  const isAbsent = failure.name === 'PackageNotFound'
  return (
    <EmptyState
      actions={
        <>
          <Button disabled={state === 'asking'} icon="network" look="primary" onClick={ask}>
            {state === 'asking' ? 'Asking the network…' : 'Ask the network'}
          </Button>
          <LinkButton href={links.browse({ text: slug })} icon="search">
            Search for {slug}
          </LinkButton>
        </>
      }
      icon={isAbsent ? 'search' : 'error'}
      level={1}
      title={isAbsent ? `${slug} is not in the catalogue here` : `${slug} could not be shown`}
    >
      <p>{isAbsent ? 'It may be new, or its publisher was never seen by this tab.' : sayFailure(failure)}</p>
      <output>{state === 'idle' || state === 'asking' ? '' : state}</output>
    </EmptyState>
  )
}

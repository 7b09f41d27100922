import { lazy, Suspense, useEffect, useState } from 'react'
import { Link } from 'wouter'
import type { PackageView } from '../../../workers/contract/views.ts'
import { Icon } from '../../components/icon.tsx'
import { useCommands, useLinks } from '../../hooks/use-app.ts'
import { decodeText } from '../../lib/text-rows.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { controlText } from '../../text/controls.ts'
import { packageText } from '../../text/package.ts'

const Markdown = lazy(() => import('./markdown.tsx'))

type Text = { state: 'reading' } | { state: 'read'; text: string } | { state: 'absent'; why: string }

/** README of the newest version, if its content is stored here. */
export const Readme = ({ view }: { view: PackageView }) => {
  const links = useLinks()
  const path = readmePath(view.files)
  const text = useReadme(view, path)
  switch (text.state) {
    case 'reading':
      return <Opening />
    case 'absent':
      return (
        <p className="calm-note">
          {text.why}
          {view.files === undefined || path !== undefined ? null : (
            <>
              {' '}
              <Link href={links.package(view.summary.id, { tab: 'files' })}>
                {packageText.viewFiles(view.files.length)}
              </Link>
            </>
          )}
        </p>
      )
    case 'read':
      return (
        <Suspense fallback={<Opening />}>
          <Markdown files={view.files ?? []} id={view.summary.id} path={path ?? ''} text={text.text} />
        </Suspense>
      )
  }
}

const useReadme = (
  { summary: { id, version }, files, versions, heldBy }: PackageView,
  path: string | undefined,
): Text => {
  const { readFile } = useCommands()
  const [text, setText] = useState<Text>({ state: 'reading' })
  const installed = versions.find((each) => each.version === version)?.installed ?? false
  // biome-ignore lint/correctness/useExhaustiveDependencies: an install or a fetch (one more provider) can bring the content, so it is read again
  useEffect(() => {
    let wanted = true
    const show = (next: Text): void => {
      if (wanted) setText(next)
    }
    if (files === undefined) show({ state: 'absent', why: packageText.readmeNotHere })
    else if (path === undefined) show({ state: 'absent', why: packageText.readmeMissing })
    else {
      void readFile(id, version, path).then((bytes) => {
        if (isFailureView(bytes)) return show({ state: 'absent', why: packageText.readmeNotHere })
        const decoded = decodeText(bytes)
        show(
          decoded === undefined
            ? { state: 'absent', why: packageText.readmeNotText }
            : { state: 'read', text: decoded },
        )
      })
    }
    return () => {
      wanted = false
    }
  }, [id, version, path, files === undefined, installed, heldBy, readFile])
  return text
}

/** Path of the README in the top folder, case-insensitive; Markdown before plain text. */
const readmePath = (files: PackageView['files']): string | undefined =>
  ['readme.md', 'readme.markdown', 'readme.txt', 'readme']
    .map((name) => files?.find(({ path }) => path.toLowerCase() === name)?.path)
    .find((path) => path !== undefined)

const Opening = () => (
  <p className="page-loading">
    <Icon className="spin" name="working" /> {controlText.loading}
  </p>
)

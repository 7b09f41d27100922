import { Link } from 'wouter'
import type { PackageView } from '../../../workers/contract/views.ts'
import { Icon } from '../../components/icon.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import { formatBytes } from '../../text/format.ts'
import { packageText } from '../../text/package.ts'
import { FileView } from './file-view.tsx'

/** Files of the newest version; an opened file replaces the list. */
export const Files = ({ view, file }: { view: PackageView; file: string | undefined }) => {
  const links = useLinks()
  const { id, version } = view.summary
  const { files } = view
  if (files === undefined) {
    return <p className="calm-note">{packageText.filesNotHere}</p>
  }
  const open = files.find(({ path }) => path === file)
  if (open !== undefined) {
    const { path, size } = open
    return (
      <FileView
        back={links.package(id, { tab: 'files' })}
        id={id}
        key={path}
        path={path}
        size={size}
        version={version}
      />
    )
  }
  return (
    <ul aria-label={packageText.files} className="file-list">
      {files.map(({ path, size }) => {
        const cut = path.lastIndexOf('/') + 1
        return (
          <li key={path}>
            <Link className="file" href={links.package(id, { tab: 'files', file: path })}>
              <Icon name="file" />
              <span className="file-path">
                <span className="file-folder">{path.slice(0, cut)}</span>
                {path.slice(cut)}
              </span>
              <span className="file-size">{formatBytes(size)}</span>
            </Link>
          </li>
        )
      })}
    </ul>
  )
}

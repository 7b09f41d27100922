import { lazy, type ReactNode, Suspense, useEffect, useRef } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'
import { useShallow } from 'zustand/react/shallow'
import { Banner } from './components/banner.tsx'
import { BrandMark } from './components/brand-mark.tsx'
import { IconButton } from './components/button.tsx'
import { ErrorBoundary } from './components/error-boundary.tsx'
import { Icon, type IconName } from './components/icon.tsx'
import { NetworkLine } from './components/network-line.tsx'
import { Part } from './components/part.tsx'
import { Toasts } from './components/toasts.tsx'
import { useAppState, useCommands, useLinks } from './hooks/use-app.ts'
import { useNewPage } from './hooks/use-new-page.ts'
import { useSearchKey } from './hooks/use-search-key.ts'
import BrowsePage from './pages/browse/browse-page.tsx'
import { EngineFailure } from './pages/engine-failure.tsx'
import { routePatterns } from './routes.ts'
import { clockNotice } from './store/selectors.ts'
import { controlText } from './text/controls.ts'
import { drawingFailureText } from './text/drawing-failures.ts'
import { shellText } from './text/shell.ts'

// Most visits start with Browse; the other pages load when first opened, or shortly after the engine is up.
const toPackage = () => import('./pages/package/package-page.tsx')
const toPublish = () => import('./pages/publish/publish-page.tsx')
const toLibrary = () => import('./pages/library/library-page.tsx')
const toNetwork = () => import('./pages/network/network-page.tsx')
const toPeer = () => import('./pages/network/peer-page.tsx')
const toTrace = () => import('./pages/network/trace-page.tsx')
const toNotFound = () => import('./pages/not-found/not-found-page.tsx')
const PackagePage = lazy(toPackage)
const PublishPage = lazy(toPublish)
const LibraryPage = lazy(toLibrary)
const NetworkPage = lazy(toNetwork)
const PeerPage = lazy(toPeer)
const TracePage = lazy(toTrace)
const NotFoundPage = lazy(toNotFound)
/** Everything loaded late: fetched ahead, because the server may be gone when it is needed. */
const later = [
  toPackage,
  toPublish,
  toLibrary,
  toNetwork,
  toPeer,
  toTrace,
  toNotFound,
  () => import('./pages/package/markdown.tsx'),
  () => import('./charts/plot.ts'),
]

/** Delay of those loads (ms): the first seconds belong to finding peers, which keeps a small machine busy. */
const laterMs = 2_000

/** Target of the skip link. */
const mainId = 'main'

/** The shell: header, navigation, notices, and the page of the current address. */
export const App = () => {
  const main = useRef<HTMLElement>(null)
  const engine = useAppState((state) => state.engine)
  const [path] = useLocation()
  const links = useLinks()
  useNewPage(main)
  useSearchKey()
  const isUp = engine.phase === 'ready'
  useEffect(() => {
    if (!isUp) return
    // A failed load is repeated when the page is opened.
    const timer = setTimeout(() => {
      for (const load of later) load().catch(() => undefined)
    }, laterMs)
    return () => clearTimeout(timer)
  }, [isUp])
  return (
    <>
      <a className="skip-link" href={`#${mainId}`}>
        {shellText.skip}
      </a>
      <Header />
      <main className="main" id={mainId} ref={main} tabIndex={-1}>
        <StatusPart name={drawingFailureText.notice}>
          <MemoryOnly />
        </StatusPart>
        <StatusPart name={drawingFailureText.notice}>
          <ClockWrong />
        </StatusPart>
        <ErrorBoundary home={links.browse()} key={path}>
          {engine.phase === 'failed' ? <EngineFailure failure={engine.failure} /> : <Pages />}
        </ErrorBoundary>
      </main>
      <Part name={drawingFailureText.notices}>
        <Toasts />
      </Part>
    </>
  )
}

const Pages = () => (
  <Suspense fallback={<PageLoading />}>
    <Switch>
      <Route component={BrowsePage} path={routePatterns.browse} />
      <Route component={PackagePage} path={routePatterns.package} />
      <Route component={PublishPage} path={routePatterns.publish} />
      <Route component={LibraryPage} path={routePatterns.library} />
      <Route component={NetworkPage} path={routePatterns.network} />
      <Route component={PeerPage} path={routePatterns.peer} />
      <Route component={TracePage} path={routePatterns.trace} />
      <Route component={NotFoundPage} />
    </Switch>
  </Suspense>
)

const PageLoading = () => (
  <p className="page-loading">
    <Icon className="spin" name="working" /> {controlText.loading}
  </p>
)

const Header = () => {
  const links = useLinks()
  return (
    <header className="header">
      <Link aria-label={shellText.home} className="brand" href={links.browse()}>
        <BrandMark />
        <span className="brand-name">
          {shellText.brand} <span>{shellText.brandKind}</span>
        </span>
      </Link>
      <nav aria-label={shellText.navigation} className="nav">
        <NavLink href={links.browse()} icon="browse">
          {shellText.browse}
        </NavLink>
        <NavLink href={links.library()} icon="library">
          {shellText.library}
        </NavLink>
        <NavLink href={links.publish()} icon="publish">
          {shellText.publish}
        </NavLink>
        <NavLink href={links.network()} icon="network">
          {shellText.network}
        </NavLink>
      </nav>
      <div className="header-end">
        <StatusPart name={drawingFailureText.networkLine}>
          <NetworkLine />
        </StatusPart>
        <ThemeButton />
      </div>
    </header>
  )
}

const NavLink = ({ href, icon, children }: { href: string; icon: IconName; children: string }) => {
  const [path] = useLocation()
  const section = href.split('?')[0] ?? ''
  const isHere = path === section
  const isBelow = section !== '/' && path.startsWith(`${section}/`)
  return (
    <Link aria-current={isHere ? 'page' : isBelow ? 'true' : undefined} className="nav-link" href={href}>
      <Icon name={icon} />
      <span className="nav-text" data-text={children}>
        {children}
      </span>
    </Link>
  )
}

const ThemeButton = () => {
  const theme = useAppState((state) => state.theme)
  const { changeTheme } = useCommands()
  const icon = { system: 'system', light: 'sun', dark: 'moon' } as const
  return <IconButton icon={icon[theme]} label={shellText.theme(theme)} onClick={changeTheme} />
}

/** A part that shows engine state: tried again after a failure whenever the status changes. */
const StatusPart = ({ name, children }: { name: string; children: ReactNode }) => {
  const status = useAppState((state) => state.status)
  return (
    <Part name={name} of={status}>
      {children}
    </Part>
  )
}

const MemoryOnly = () => {
  const lost = useAppState((state) => state.status?.persistent === false)
  if (!lost) return null
  return (
    <Banner title={shellText.memoryOnlyTitle} tone="warning">
      {shellText.memoryOnly}
    </Banner>
  )
}

const ClockWrong = () => {
  const notice = useAppState(useShallow(clockNotice))
  if (notice === undefined) return null
  return (
    <Banner title={notice.title} tone="warning">
      {notice.text}
    </Banner>
  )
}

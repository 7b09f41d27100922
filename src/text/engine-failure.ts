import { messages } from './catalogue.ts'

/** The page shown in place of all others when the engine does not run. */
export const engineFailureText = messages('engine-failure', {
  tabTitle: 'Not running',

  profileInUseTitle: 'Another tab uses this profile',
  profileInUse:
    'Tabs with the same profile share one engine, but the tab that runs it does not respond. It may be stuck or run an older version of this page. Close or reload that tab, then try again.',
  otherProfile: 'Or open another profile here',
  openProfile: 'Open profile',
  otherProfileHint: 'Another profile is another peer with its own keys and library.',

  outdatedTitle: 'Another version of this page is open',
  outdated: 'Tabs with the same profile must run the same version. Nothing was changed or deleted.',

  storageTitle: 'Storage is unavailable',
  storage: 'Nothing was changed or deleted. Close other tabs of this page, allow site data for it, then try again.',

  stoppedTitle: 'The engine stopped',
  stopped:
    'The part of this page that connects to peers and stores packages did not start, crashed or stopped responding. Nothing saved in this browser was deleted.',
})

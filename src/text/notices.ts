import { messages } from './catalogue.ts'
import { params } from './forms.ts'

/** Notices of commands in a corner of the page. */
export const noticeText = messages('notices', {
  published: params('Published {name}.'),
  saved: params('Saved {name} as {path}.'),
  removed: params('Removed {name}.'),
  yanked: params('{name} is yanked.'),
  connected: 'Connected.',
  installed: params('Installed {packages}.'),
  notInstalled: params('{packages} was not installed.'),
  notInstalledBecause: params('{packages} was not installed. {reason}'),
})

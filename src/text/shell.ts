import { messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'

/** The frame of every page: header, navigation and notices. */
export const shellText = messages('shell', {
  tabTitle: params('{page} · ggen marketplace'),
  brand: 'ggen',
  brandKind: 'marketplace',
  home: 'ggen marketplace: browse packages',
  skip: 'Skip to content',
  navigation: 'Main',
  browse: 'Browse',
  library: 'Library',
  publish: 'Publish',
  network: 'Network',
  theme: choice({ system: 'Theme: system', light: 'Theme: light', dark: 'Theme: dark' }),
  networkLine: params('Network: {state}'),
  notices: 'Notices',
  otherNotices: count({ one: 'and {count} more', other: 'and {count} more' }),

  memoryOnlyTitle: 'Nothing is saved after you close this tab',
  memoryOnly:
    'This browser blocks storage for this site, so everything stays in memory. Download what you want to keep.',

  clockAheadTitle: params('The clock of this device seems wrong: about {span} ahead of this site’s server'),
  clockAhead:
    'Everything works, but what you publish gets a date in the future: others list it last until then. Correct the date and time of this device. If they are right, the server’s clock is wrong and you need not do anything.',
  clockBehindTitle: params('The clock of this device seems wrong: about {span} behind this site’s server'),
  clockBehind:
    'Everything works, but what you publish gets a date in the past and looks older than it is. Correct the date and time of this device. If they are right, the server’s clock is wrong and you need not do anything.',
})

import { messages } from './catalogue.ts'

/** The page for an unknown address. */
export const notFoundText = messages('not-found', {
  tabTitle: 'Not found',
  title: 'Page not found',
  hint: 'Check the address, or start from the package list.',
})

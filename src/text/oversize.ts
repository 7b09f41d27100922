import { messages } from './catalogue.ts'
import { count, params } from './forms.ts'

/** Chosen files over the limits of a package, refused before they are read. */
export const oversizeText = messages('oversize', {
  tooManyFiles: count({
    one: 'A package has at most {count} file. Choose a smaller folder.',
    other: 'A package has at most {count} files. Choose a smaller folder.',
  }),
  tooLarge: params('The files add up to {size}; a package has at most {limit}. The largest is {path} with {largest}.'),
  archiveTooLarge: params('{name} has {size}; an archive has at most {limit}.'),
  unnamedSource: 'the files',
})

import { expect, test } from 'vitest'
import { hasTemplates } from './templates.ts'

test.each([
  ['templates/x.rs', true],
  ['a/templates/x', true],
  ['x.tera', true],
  ['a/b.TMPL', true],
  ['mytemplates/x.rs', false],
  ['x.tera.md', false],
  ['templates', false],
])('%s holds templates: %s', (path, expected) => {
  expect(hasTemplates([{ path: 'README.md' }, { path }])).toBe(expected)
})

import { expect, test } from 'vitest'
import { pathInPackage, safeAddress } from './safe-address.ts'

test('only web and mail addresses become links', () => {
  expect(safeAddress(' https://example.org/a ')).toBe('https://example.org/a')
  expect(safeAddress('mailto:a@example.org')).toBe('mailto:a@example.org')
  for (const address of [
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'a/b',
    '',
  ]) {
    expect(safeAddress(address)).toBeUndefined()
  }
})

test('links inside a package become paths from its root', () => {
  expect(pathInPackage('USAGE.md', 'README.md')).toBe('USAGE.md')
  expect(pathInPackage('./a%20b.ttl#top', 'docs/README.md')).toBe('docs/a b.ttl')
  expect(pathInPackage('../ontology/x.ttl', 'docs/README.md')).toBe('ontology/x.ttl')
  expect(pathInPackage('/LICENSE', 'docs/README.md')).toBe('LICENSE')
})

test('links that leave a package are dropped', () => {
  for (const link of ['../x', 'https://example.org', '//example.org/x', 'javascript:x', '#top', '', 'a\\b']) {
    expect(pathInPackage(link, 'README.md')).toBeUndefined()
  }
})

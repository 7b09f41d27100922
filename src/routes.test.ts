import { describe, expect, test } from 'vitest'
import {
  createLinks,
  nextProfile,
  parseBrowseQuery,
  parsePackageQuery,
  parseProfile,
  parseTraceFilter,
} from './routes.ts'

const publisher = 'a'.repeat(52)
const id = `${publisher}/io.ggen.nextjs`

describe('links', () => {
  const search = '?q=old&debug=dht&peer=alice&relay=%2Fip4%2F1.2.3.4&relay=%2Fip4%2F5.6.7.8&tab=files'
  const links = createLinks(search)

  test('keep the profile and every relay, and nothing else of the current address', () => {
    for (const link of [links.browse(), links.package(id), links.publish(), links.library(), links.network()]) {
      const parameters = new URL(link, 'http://page.test').searchParams
      expect(parameters.get('peer')).toBe('alice')
      expect(parameters.get('debug')).toBe('dht')
      expect(parameters.getAll('relay')).toEqual(['/ip4/1.2.3.4', '/ip4/5.6.7.8'])
      expect(parameters.has('q')).toBe(false)
      expect(parameters.has('tab')).toBe(false)
    }
  })

  test('are bare paths where there is nothing to keep', () => {
    expect(createLinks('').browse()).toBe('/')
    expect(createLinks('').package(id)).toBe(`/package/${id}`)
  })

  test('to another profile replace the profile and keep the relays', () => {
    const parameters = new URL(links.profile('bob'), 'http://page.test').searchParams
    expect(parameters.getAll('peer')).toEqual(['bob'])
    expect(parameters.getAll('relay')).toHaveLength(2)
  })
})

describe('queries', () => {
  test('of the browse page come back as they were written', () => {
    const query = {
      text: 'a & b = ü',
      category: 'finance',
      tag: 'rust',
      license: 'MIT OR Apache-2.0',
      sort: 'name',
    } as const
    const link = createLinks('?peer=alice').browse(query)
    expect(parseBrowseQuery(new URL(link, 'http://page.test').search)).toEqual(query)
  })

  test('ignore what they do not know', () => {
    expect(parseBrowseQuery('?sort=stars&category=&x=1')).toEqual({ text: '' })
    expect(parsePackageQuery('?tab=nonsense&file=')).toEqual({ tab: 'readme' })
  })

  test('of the network page come back as they were written, and ignore what they do not know', () => {
    const filter = { kind: 'install', slow: true, failed: true } as const
    const link = createLinks('?peer=alice').network(filter)
    expect(parseTraceFilter(new URL(link, 'http://page.test').search)).toEqual(filter)
    expect(createLinks('').network({ slow: false })).toBe('/network')
    expect(parseTraceFilter('?operations=nonsense&slow=1&failed=')).toEqual({})
  })

  test('of the package page keep a path with slashes', () => {
    const link = createLinks('').package(id, { tab: 'files', file: 'ontology/ä b.ttl' })
    expect(parsePackageQuery(new URL(link, 'http://page.test').search)).toEqual({
      tab: 'files',
      file: 'ontology/ä b.ttl',
    })
  })
})

test('the profile and the relays are read from the address', () => {
  expect(parseProfile('?peer=%20bob%20&relay=/ip4/1.2.3.4&relay=&relay=/ip4/5.6.7.8')).toEqual({
    profile: 'bob',
    relays: ['/ip4/1.2.3.4', '/ip4/5.6.7.8'],
  })
  expect(parseProfile('?peer=')).toEqual({ profile: undefined, relays: [] })
  expect(parseProfile('?debug=dht,sync').debug).toBe('dht,sync')
})

test('one more profile never has the name of the one in use', () => {
  expect([undefined, 'default', 'second', 'second-2', 'team-9'].map(nextProfile)).toEqual([
    'second',
    'second',
    'second-2',
    'second-3',
    'team-10',
  ])
})

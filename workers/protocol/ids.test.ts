import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { publisherId, slug } from '../testing/arbitraries.ts'
import { createSeededBelow } from '../testing/seeded-random.ts'
import {
  displayId,
  fromHex,
  hashToPublisherId,
  headKey,
  isPackageId,
  isPublisherId,
  isPublisherName,
  isSlug,
  packageId,
  parseSpec,
  rootToText,
  shortPublisher,
  splitHeadKey,
  splitPackageId,
  textToRoot,
  toHex,
} from './ids.ts'

const publisher = hashToPublisherId(Uint8Array.from({ length: 32 }, (_, i) => i * 7))

test('a publisher id is the base32 of 32 bytes (RFC 4648 test vector, zero-padded)', () => {
  const bytes = new Uint8Array(32)
  bytes.set(Uint8Array.of(0x66, 0x6f, 0x6f, 0x62, 0x61, 0x72))
  expect(hashToPublisherId(bytes)).toBe(`mzxw6ytboi${'a'.repeat(42)}`)
  expect(() => hashToPublisherId(new Uint8Array(31))).toThrow(RangeError)
})

test('publisher ids', () => {
  expect(isPublisherId(publisher)).toBe(true)
  expect(isPublisherId(publisher.toUpperCase())).toBe(false)
  expect(isPublisherId(publisher.slice(1))).toBe(false)
  // Bits beyond 256 must be zero, otherwise two texts would encode one hash.
  expect(isPublisherId(`${publisher.slice(0, 51)}b`)).toBe(false)
  expect(isPublisherId(`${publisher}\n`)).toBe(false)
})

test('slugs', () => {
  for (const text of ['a', 'io.ggen.nextjs.ontology-crud', 'a_b', '0', 'a'.repeat(64)]) expect(isSlug(text)).toBe(true)
  for (const text of ['', 'A', '.a', 'a.', '-a', '..', '__proto__', 'a b', 'a/b', 'ä', 'nul', 'a'.repeat(65), 'a\n']) {
    expect(isSlug(text)).toBe(false)
  }
})

test('publisher names', () => {
  for (const text of ['Sean Chatman', 'a', 'Zoë']) expect(isPublisherName(text)).toBe(true)
  for (const text of ['', '@a', 'a/b', 'a~b', ' a', 'a\u202e', 'a'.repeat(41)])
    expect(isPublisherName(text)).toBe(false)
})

test('splitting a package id or DHT key inverts joining', () => {
  fc.assert(
    fc.property(publisherId, slug, (by, name) => {
      expect(splitPackageId(packageId(by, name))).toEqual({ ok: true, value: { publisher: by, slug: name } })
      expect(splitHeadKey(headKey(by, name))).toEqual({ ok: true, value: { publisher: by, slug: name } })
      expect(headKey(by, name)).toBe(`/ggen/${by}/${name}`)
    }),
    { seed: 31 },
  )
  for (const id of ['', 'a/b', publisher, `${publisher}/`, `${publisher}/../a`, `${publisher}a/b`]) {
    expect(isPackageId(id)).toBe(false)
    expect(splitHeadKey(`/ggen/${id}`).ok).toBe(false)
  }
  expect(splitHeadKey(`/pk/${publisher}/a`).ok).toBe(false)
})

test('roots as text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (root) => {
      const text = rootToText(root)
      expect(text).toMatch(/^bafyrei[a-z2-7]{52}$/)
      expect(textToRoot(text)).toEqual({ ok: true, value: root })
    }),
    { seed: 32 },
  )
  const text = rootToText(new Uint8Array(32))
  for (const wrong of ['', text.toUpperCase(), text.slice(1), `${text.slice(0, -1)}b`, `${text} `, 'x'.repeat(59)]) {
    expect(textToRoot(wrong).ok).toBe(false)
  }
  // Another codec (raw) with the same digest is not a root.
  expect(textToRoot(`bafkrei${text.slice(7)}`).ok).toBe(false)
})

test('hexadecimal', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
      expect(fromHex(toHex(bytes))).toEqual({ ok: true, value: bytes })
    }),
    { seed: 33 },
  )
  for (const wrong of ['a', 'zz', 'AB', ' ab']) expect(fromHex(wrong).ok).toBe(false)
})

test('displayId', () => {
  expect(displayId('Zoë', packageId(publisher, 'a.b'))).toBe(`@Zoë~${publisher.slice(0, 8)}/a.b`)
  expect(shortPublisher(publisher)).toHaveLength(8)
  expect(displayId('Zoë', 'x')).toBe('x')
})

describe('parseSpec', () => {
  const short = shortPublisher(publisher)
  test.each([
    ['a', { slug: 'a' }],
    [' a ', { slug: 'a' }],
    ['a@1.0.0', { slug: 'a', range: '1.0.0' }],
    ['a@>=1 <2', { slug: 'a', range: '>=1 <2' }],
    ['@Zoë/a', { slug: 'a', publisherName: 'Zoë' }],
    ['@Sean Chatman/a@^1', { slug: 'a', publisherName: 'Sean Chatman', range: '^1' }],
    [`@Zoë~${short}/a`, { slug: 'a', publisherName: 'Zoë', publisherPrefix: short }],
    [`@Zoë~${short}/a@*`, { slug: 'a', publisherName: 'Zoë', publisherPrefix: short, range: '*' }],
    [`${publisher}/a`, { slug: 'a', publisher }],
    [`${publisher}/a.b@~2.1`, { slug: 'a.b', publisher, range: '~2.1' }],
  ])('reads %j', (text, spec) => {
    expect(parseSpec(text)).toEqual({ ok: true, value: spec })
  })

  test.each([
    '',
    '@',
    '/',
    'A',
    'a@',
    'a@nonsense',
    'a b',
    '@/a',
    '@x/',
    'x/a',
    '@x~/a',
    '@x~short/a',
    '@x~1a2b3c4d/a',
    '@x/a/b',
    '../a',
    `${publisher}/`,
    `${publisher.slice(1)}/a`,
    'a'.repeat(400),
  ])('refuses %j in words', (text) => {
    const read = parseSpec(text)
    expect(read).toMatchObject({ ok: false, name: 'InvalidArgument' })
    if (!read.ok) expect(read.message).toMatch(/^“.*” is not a package: .+\.$/s)
  })

  test('parses the output of displayId', () => {
    fc.assert(
      fc.property(publisherId, slug, (by, name) => {
        expect(parseSpec(displayId('A name', packageId(by, name)))).toEqual({
          ok: true,
          value: { slug: name, publisherName: 'A name', publisherPrefix: shortPublisher(by) },
        })
      }),
      { seed: 34 },
    )
  })
})

test('no parser throws for 200,000 odd texts', () => {
  const random = createSeededBelow(35)
  const parts = [
    '@',
    '/',
    '~',
    'a',
    'Z',
    '1.0.0',
    '^',
    '||',
    ' ',
    '\0',
    '\ud800',
    'é',
    '..',
    publisher,
    'bafyrei',
    '-',
    '*',
  ]
  const readers = [parseSpec, splitPackageId, splitHeadKey, textToRoot, fromHex]
  for (let i = 0; i < 200_000; i++) {
    let text = ''
    for (let n = random(7); n >= 0; n--) text += parts[random(parts.length)]
    for (const read of readers) {
      const result = read(text)
      if (!result.ok && result.message === '') throw new Error(`No message for ${JSON.stringify(text)}`)
    }
  }
})

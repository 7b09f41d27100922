import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { path as validPath } from '../testing/arbitraries.ts'
import { collisionKey, findCollision, isReservedName, validatePath } from './paths.ts'

describe('validatePath', () => {
  test.each([
    'a',
    'README.md',
    'templates/rust/main.rs.tmpl',
    '.gitignore',
    'a/..b',
    'ö/日本.txt',
    'console.txt',
    'a b',
  ])('accepts %j', (path) => expect(validatePath(path)).toEqual({ ok: true, value: path }))

  test.each([
    ['nothing', ''],
    ['a way up', '../a'],
    ['a way up inside', 'a/../../b'],
    ['a way up at the end', 'a/..'],
    ['a dot', './a'],
    ['an absolute path', '/etc/passwd'],
    ['an empty part', 'a//b'],
    ['a folder', 'a/'],
    ['a backslash', 'a\\b'],
    ['a backslash way up', '..\\a'],
    ['a drive', 'C:/a'],
    ['a drive without a slash', 'c:a'],
    ['a stream of NTFS', 'a.txt:b'],
    ['a NUL', 'a\0b'],
    ['a line break', 'a\nb'],
    ['an override of direction', 'a\u202etxt.exe'],
    ['a zero-width space', 'a\u200b'],
    ['a lone surrogate', 'a\udc00'],
    ['decomposed text', 'e\u0301'],
    ['a trailing dot', 'a./b'],
    ['a trailing space', 'a /b'],
    ['a trailing dot at the end', 'a.'],
    ['a wildcard', 'a*'],
    ['a device', 'con'],
    ['a device with an ending', 'a/NUL.txt'],
    ['a device with two endings', 'aux.tar.gz'],
    ['a device with a space', 'con .txt'],
    ['a device as a folder', 'com1/a'],
    ['a device with a superscript', 'lpt¹'],
    ['a long part', `${'a'.repeat(256)}/b`],
    ['a part long in bytes only', `a/${'ö'.repeat(128)}`],
    ['a long path', `${'a/'.repeat(256)}a`],
  ])('refuses %s', (_, path) => {
    const read = validatePath(path)
    expect(read).toMatchObject({ ok: false, name: 'PathUnsafe' })
    if (!read.ok) expect(read.message).toMatch(/^The path “.*” .*\.$/)
  })

  test('accepts paths of maximum length', () => {
    expect(validatePath(`${'a'.repeat(255)}/${'b'.repeat(255)}`).ok).toBe(true)
    expect(validatePath(`${'a/'.repeat(255)}ab`).ok).toBe(true)
  })

  test('shows no control character in its message', () => {
    const read = validatePath('a\u001b[31m\u202e')
    expect(read.ok ? '' : read.message).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
  })

  test('valid paths never leave the target folder', () => {
    fc.assert(
      fc.property(fc.oneof(validPath, fc.string({ unit: 'binary' }), fc.stringMatching(/^[./\\a:]{1,8}$/)), (path) => {
        if (!validatePath(path).ok) return
        const url = new URL(path.split('/').map(encodeURIComponent).join('/'), 'file:///base/')
        expect(decodeURIComponent(url.pathname)).toBe(`/base/${path}`)
      }),
      { seed: 21, numRuns: 5000 },
    )
  })
})

describe('collisionKey', () => {
  test.each([
    ['README.md', 'readme.MD'],
    ['Straße', 'STRASSE'],
    ['ς', 'Σ'],
    ['σ', 'Σ'],
    ['é', 'e\u0301'],
    ['É', 'é'],
    ['K', '\u212a'],
    ['ſ', 's'],
    ['ﬁ', 'fi'],
    ['a\u200db', 'ab'],
  ])('%j and %j are the same somewhere', (a, b) => {
    expect(collisionKey(a)).toBe(collisionKey(b))
  })

  test('keeps different names apart', () => {
    expect(collisionKey('a')).not.toBe(collisionKey('á'))
    expect(collisionKey('a/b')).not.toBe(collisionKey('a_b'))
  })

  test('is the same for upper and lower case', () => {
    fc.assert(
      fc.property(validPath, (path) => {
        expect(collisionKey(path.toUpperCase())).toBe(collisionKey(path))
        expect(collisionKey(path.toLowerCase())).toBe(collisionKey(path))
        expect(collisionKey(path.normalize('NFD'))).toBe(collisionKey(path))
      }),
      { seed: 22, numRuns: 2000 },
    )
  })
})

describe('findCollision', () => {
  test('finds paths that differ only in case', () => {
    expect(findCollision(['a/B', 'c', 'A/b'])).toEqual({ path: 'A/b', other: 'a/B' })
  })

  test('finds a file that is also a folder, in either order', () => {
    expect(findCollision(['a', 'A/b/c'])).toEqual({ path: 'A/b/c', other: 'a' })
    expect(findCollision(['x/a/b/c', 'x/a'])).toEqual({ path: 'x/a/b/c', other: 'x/a' })
  })

  test('agrees with a naive implementation', () => {
    const some = fc.array(fc.stringMatching(/^[aAb](?:\/[aAb]){0,2}$/), { maxLength: 5 })
    fc.assert(
      fc.property(some, (paths) => {
        const slow = paths.some((a, i) =>
          paths.some((b, j) => i !== j && `${b.toLowerCase()}/`.startsWith(`${a.toLowerCase()}/`)),
        )
        expect(findCollision(paths) !== undefined).toBe(slow)
      }),
      { seed: 23, numRuns: 2000 },
    )
  })
})

test('reserved names', () => {
  for (const name of ['con', 'CON', 'nul.txt', 'COM9', 'conout$']) expect(isReservedName(name)).toBe(true)
  for (const name of ['console', 'nully', 'com', 'com10', 'lpt', 'xcon']) expect(isReservedName(name)).toBe(false)
})

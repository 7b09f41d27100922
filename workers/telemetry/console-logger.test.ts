import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createConsoleLogger } from './console-logger.ts'

const logTo = (rooms: string) => {
  const lines: string[] = []
  const logger = createConsoleLogger({ rooms, now: () => 0, write: (line) => lines.push(line) })
  return { logger, lines }
}

test('writes time, level, room, message and fields for enabled rooms', () => {
  const { logger, lines } = logTo('dht, sync')
  logger('dht').debug('lookup ended', { outcome: 'found', hops: 2, cold: true })
  logger('sync').warn('exchange failed', { reason: 'It broke off.' })
  logger('net').error('not named')
  expect(lines).toEqual([
    '1970-01-01T00:00:00.000Z debug dht lookup ended outcome=found hops=2 cold=true',
    '1970-01-01T00:00:00.000Z warn sync exchange failed reason="It broke off."',
  ])
})

test('`*` enables all rooms and an empty list none', () => {
  const [all, none] = [logTo('*'), logTo('')]
  for (const { logger } of [all, none]) logger('net').info('here')
  expect([all.lines.length, none.lines.length]).toEqual([1, 0])
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 600 }),
  fc
    .array(fc.constantFrom('\n', '\r', '\u2028', '\u202e', '\u001b[2J', '"', '\\', ' level=error', 'x', '\ud800'), {
      maxLength: 300,
    })
    .map((parts) => parts.join('')),
)

test('text from peers stays on one bounded line, within its field, in visible characters', () => {
  fc.assert(
    fc.property(hostile, hostile, (value, other) => {
      const { logger, lines } = logTo('*')
      logger('net').debug('dial failed', { value, other })
      expect(lines).toHaveLength(1)
      const [line = ''] = lines
      expect(line).not.toMatch(/[^\S ]|[\p{C}\u2028\u2029]/u)
      expect(line.length).toBeLessThan(5_000)
      // A field is a plain word or one quoted string that nothing can end early.
      expect(line).toMatch(/ dial failed value=(?:[^\s"=]+|"(?:[^"\\]|\\.)*") other=(?:[^\s"=]+|"(?:[^"\\]|\\.)*")$/)
    }),
  )
})

test('bounds the number of fields of a line', () => {
  const { logger, lines } = logTo('*')
  logger('net').debug('many', Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, n])))
  expect(lines[0]?.split('=')).toHaveLength(21)
})

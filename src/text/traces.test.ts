import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sayAttribute, sayAttributeValue, sayDoing, sayStep } from './traces.ts'

test('known steps and attributes have words', () => {
  expect(sayStep('dht_peer_query')).toBe('Ask a DHT peer')
  expect(sayDoing('verify')).toBe('verifying files')
  expect(sayAttribute('fan_out')).toBe('Peers asked at once')
})

test('unknown ones are shown by their name', () => {
  expect(sayStep('of_a_later_version')).toBe('of_a_later_version')
  expect(sayDoing('of_a_later_version')).toBe('in the step “of_a_later_version”')
  expect(sayAttribute('constructor')).toBe('constructor')
})

test('figures have the unit of their name', () => {
  expect(sayAttributeValue('bytes', 19_028_480)).toBe('19 MB')
  expect(sayAttributeValue('bytes_in', 900)).toBe('900 B')
  expect(sayAttributeValue('age_ms', 1_500)).toBe('1.5 s')
  expect(sayAttributeValue('packages', 1_204)).toBe('1,204')
  expect(sayAttributeValue('found', false)).toBe('No')
  expect(sayAttributeValue('outcome', 'timed_out')).toBe('timed out')
  expect(sayAttributeValue('purpose', 'put_head')).toBe('Store the head record')
})

test('any text becomes a short line without invisible characters', () => {
  const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 500 }), fc.double(), fc.boolean())
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 500 }), value, (name, value) => {
      for (const text of [sayStep(name), sayDoing(name), sayAttribute(name), sayAttributeValue(name, value)]) {
        expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|undefined|NaN|Infinity|\[object/u)
        expect(text.length).toBeLessThan(450)
      }
    }),
  )
})

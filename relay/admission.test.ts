import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAdmission, type Place } from './admission.ts'

describe('createAdmission', () => {
  it('never holds more than its limits, evicts only what holds a place, and forgets all that left', () => {
    const step = fc.oneof(
      fc.record({ enter: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3') }),
      fc.record({ leave: fc.nat(40) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const admission = createAdmission({ perAddress: 3, total: 5 })
        const held = new Map<Place, string>()
        const places: Place[] = []
        for (const each of steps) {
          if ('leave' in each) {
            const place = places[each.leave]
            if (place === undefined) continue
            place.leave()
            held.delete(place)
            continue
          }
          let place: Place | undefined
          place = admission.enter(each.enter, () => {
            expect(place !== undefined && held.delete(place)).toBe(true)
          })
          places.push(place)
          held.set(place, each.enter)
          for (const address of held.values())
            expect([...held.values()].filter((other) => other === address).length).toBeLessThanOrEqual(3)
          expect(held.size).toBeLessThanOrEqual(5)
          expect(admission.size()).toBe(held.size)
        }
        for (const place of places) place.leave()
        expect(admission.size()).toBe(0)
      }),
    )
  })

  it('evicts the oldest of the same address before that of any other', () => {
    const admission = createAdmission({ perAddress: 2, total: 4 })
    const evicted: string[] = []
    const enter = (address: string, name: string): Place => admission.enter(address, () => evicted.push(name))
    enter('192.0.2.9', 'other')
    enter('192.0.2.1', 'first')
    enter('192.0.2.1', 'second')
    enter('192.0.2.1', 'third')
    expect(evicted).toEqual(['first'])
    enter('192.0.2.2', 'fourth')
    enter('192.0.2.3', 'fifth')
    expect(evicted).toEqual(['first', 'other'])
  })

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::5', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['2001:db8::1', '2001:DB8:0:0:1::', true],
    ['fe80::1%eth0', 'fe80::2%eth1', true],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['::1', '::2', true],
  ])('%s and %s count as one: %s', (one, other, isOne) => {
    const admission = createAdmission({ perAddress: 1, total: 10 })
    let evicted = false
    admission.enter(one, () => {
      evicted = true
    })
    admission.enter(other, () => {})
    expect(evicted).toBe(isOne)
  })
})

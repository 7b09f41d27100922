import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAdmission, type Permit } from './admission.ts'

describe('createAdmission', () => {
  it('never exceeds its limits, evicts only permit holders, and keeps nothing after release', () => {
    const action = fc.oneof(
      fc.record({ admit: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3') }),
      fc.record({ release: fc.nat(40) }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const admission = createAdmission({ perAddress: 3, total: 5 })
        const held = new Map<Permit, string>()
        const permits: Permit[] = []
        for (const each of actions) {
          if ('release' in each) {
            const permit = permits[each.release]
            if (permit === undefined) continue
            permit.release()
            held.delete(permit)
            continue
          }
          let permit: Permit | undefined
          permit = admission.admit(each.admit, () => {
            expect(permit !== undefined && held.delete(permit)).toBe(true)
          })
          permits.push(permit)
          held.set(permit, each.admit)
          for (const address of held.values())
            expect([...held.values()].filter((other) => other === address).length).toBeLessThanOrEqual(3)
          expect(held.size).toBeLessThanOrEqual(5)
          expect(admission.size()).toBe(held.size)
        }
        for (const permit of permits) permit.release()
        expect(admission.size()).toBe(0)
      }),
    )
  })

  it('evicts the oldest connection of the same address before that of any other', () => {
    const admission = createAdmission({ perAddress: 2, total: 4 })
    const evicted: string[] = []
    const admit = (address: string, name: string): Permit => admission.admit(address, () => evicted.push(name))
    admit('192.0.2.9', 'other')
    admit('192.0.2.1', 'first')
    admit('192.0.2.1', 'second')
    admit('192.0.2.1', 'third')
    expect(evicted).toEqual(['first'])
    admit('192.0.2.2', 'fourth')
    admit('192.0.2.3', 'fifth')
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
  ])('%s and %s share one limit: %s', (one, other, isShared) => {
    const admission = createAdmission({ perAddress: 1, total: 10 })
    let evicted = false
    admission.admit(one, () => {
      evicted = true
    })
    admission.admit(other, () => {})
    expect(evicted).toBe(isShared)
  })
})

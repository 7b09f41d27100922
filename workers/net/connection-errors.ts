import type { Meter } from '../telemetry/telemetry.ts'

/**
 * `relay`: a relay was not reached; `reservation`: it gave none; `direct`: no direct connection could be made; `relayed`:
 * no relayed one; `lost`: an open connection stopped answering.
 */
export type ConnectionErrorKind = 'relay' | 'reservation' | 'direct' | 'relayed' | 'lost'

/** Counts dials and connections that failed. Peers that were gone, and dials that were cancelled, are no errors. */
export const createConnectionErrors = (meter: Meter): ((kind: ConnectionErrorKind) => void) => {
  const errors = meter.createCounter('connection_errors_total')
  const byKind = {
    relay: errors.with({ kind: 'relay' }),
    reservation: errors.with({ kind: 'reservation' }),
    direct: errors.with({ kind: 'direct' }),
    relayed: errors.with({ kind: 'relayed' }),
    lost: errors.with({ kind: 'lost' }),
  }
  return (kind) => byKind[kind].add(1)
}

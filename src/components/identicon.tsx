import { SEAL_CELLS, sealHue, sealPath } from '../lib/identicon.ts'

/** Identicon of a package: its colour comes from the publisher, its pattern from the slug. */
export const Seal = ({ id, large = false }: { id: string; large?: boolean }) => (
  <svg
    aria-hidden="true"
    className={large ? 'seal seal-large' : 'seal'}
    style={{ color: `oklch(var(--seal-lightness) 0.1 ${sealHue(id)})` }}
    viewBox={`-1.500 -1.500 ${SEAL_CELLS + 3} ${SEAL_CELLS + 3}`}
  >
    <path d={sealPath(id)} />
  </svg>
)

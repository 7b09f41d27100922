/** The logo: a package as a cube whose edges are links between peers. `public/icon.svg` has the same drawing. */
export const BrandMark = () => (
  <svg aria-hidden="true" className="brand-mark" viewBox="0 0 32 32">
    <path
      className="brand-mark-edges"
      d="M16 4L26.400 10V22L16 28L5.600 22V10ZM16 16V28M16 16L5.600 10M16 16L26.400 10"
    />
    <path
      className="brand-mark-nodes"
      d="M16 12.600a3.400 3.400 0 1 1 0 6.800a3.400 3.400 0 0 1 0-6.800zM5.600 7.400a2.600 2.600 0 1 1 0 5.200a2.600 2.600 0 0 1 0-5.200zM26.400 7.400a2.600 2.600 0 1 1 0 5.200a2.600 2.600 0 0 1 0-5.200zM16 25.400a2.600 2.600 0 1 1 0 5.200a2.600 2.600 0 0 1 0-5.200z"
    />
  </svg>
)

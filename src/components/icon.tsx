/** Line icons on a grid of 24, drawn for this page. Decorative: each stands beside text or in a labelled button. */

const paths = {
  search: 'M11 4a7 7 0 1 0 0 14a7 7 0 0 0 0-14zM20 20l-4-4',
  browse: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  library: 'M4 8l8-4l8 4v8l-8 4l-8-4zM4 8l8 4l8-4M12 12v8',
  publish: 'M12 15V4M8 8l4-4l4 4M4 15v4h16v-4',
  network:
    'M12 9a2 2 0 1 0 0-4a2 2 0 0 0 0 4zM6 19a2 2 0 1 0 0-4a2 2 0 0 0 0 4zM18 19a2 2 0 1 0 0-4a2 2 0 0 0 0 4zM11 9l-4 6M13 9l4 6M8 17h8',
  ok: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM8.5 12.2l2.4 2.4l4.6-5',
  working: 'M12 4a8 8 0 1 1-8 8',
  waiting: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM12 8v4l2.5 2',
  warning: 'M12 4.5l8.5 15h-17zM12 10.5v4M12 17v.01',
  error: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM9.2 9.2l5.6 5.6M14.8 9.2l-5.6 5.6',
  info: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM12 11v5M12 8v.01',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  download: 'M12 4v11M8 11l4 4l4-4M4 19h16',
  folder: 'M3 6h6l2 2h10v11H3z',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  archive: 'M4 4h16v5H4zM5 9v11h14V9M10 13h4',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  refresh: 'M19 8a8 8 0 1 0 1 5M20 4v5h-5',
  shield: 'M12 3.5l7 2.5v5c0 5-3 7.8-7 9.5c-4-1.7-7-4.500-7-9.500v-5zM9 11.800l2.200 2.200l4-4.400',
  back: 'M19 12H5M11 6l-6 6l6 6',
  external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  sun: 'M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z',
  system: 'M3 5h18v12H3zM9 21h6M12 17v4',
  filter: 'M4 6h16M7 12h10M10 18h4',
  chevron: 'M9 6l6 6l-6 6',
  ping: 'M3 12h4l3-7l4 14l3-7h4',
  unlink:
    'M10 14l4-4M8.500 11l-2.500 2.500a3.500 3.500 0 0 0 5 5l1-1M15.500 13l2.500-2.500a3.500 3.500 0 0 0-5-5l-1 1M6 4l1.500 2M4 7l2 1M18 20l-1.500-2M20 17l-2-1',
  ban: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM6.400 6.400l11.200 11.200',
  person: 'M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM4.500 20c.8-4 3.800-6 7.500-6s6.700 2 7.500 6',
} as const

export type IconName = keyof typeof paths

export const Icon = ({ name, className }: { name: IconName; className?: string }) => (
  <svg aria-hidden="true" className={className === undefined ? 'icon' : `icon ${className}`} viewBox="0 0 24 24">
    <path d={paths[name]} />
  </svg>
)

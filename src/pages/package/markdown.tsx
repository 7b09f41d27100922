import createDOMPurify from 'dompurify'
import { Marked } from 'marked'
import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'
import type { PackageView } from '../../../workers/contract/views.ts'
import { useLinks } from '../../hooks/use-app.ts'
import { pathInPackage, safeAddress } from '../../lib/safe-address.ts'
import { packageText } from '../../text/package.ts'

interface Props {
  text: string
  /** Path of the file in its package, the base of relative links. */
  path: string
  id: string
  files: NonNullable<PackageView['files']>
}

/**
 * Renders untrusted Markdown: sanitised to a DOM fragment, never inserted as an HTML string. Loads nothing external: an
 * image becomes its alternative text, linked to its address.
 */
export default function Markdown({ text, path, id, files }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const links = useLinks()
  const [, navigate] = useLocation()
  useEffect(() => {
    const toFile = (link: string): string | undefined => {
      const file = pathInPackage(link, path)
      return files.some((each) => each.path === file) && file !== undefined
        ? links.package(id, { tab: 'files', file })
        : undefined
    }
    place.current?.replaceChildren(toFragment(text, toFile))
  }, [text, path, id, files, links])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the clicks are those of links, which a keyboard makes too
    // biome-ignore lint/a11y/noStaticElementInteractions: only follows links inside the package without a page load
    <div
      className="markdown"
      onClick={(event) => {
        const link = event.target instanceof Element ? event.target.closest('a') : null
        const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) && event.button === 0
        if (link === null || link.target === '_blank' || !plain) return
        event.preventDefault()
        navigate(link.pathname + link.search)
      }}
      ref={place}
    />
  )
}

/** The page has its own h1, so headings of the text start one level lower. */
const markdown = new Marked({
  gfm: true,
  renderer: {
    heading({ tokens, depth }) {
      const level = Math.min(depth + 1, 6)
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`
    },
    // DOMPurify removes event handlers, but the browser would first log each of them while parsing.
    html: ({ text }) => text.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/[\s"'/]on[a-z]+\s*=/gi, ' data-was=')),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
})

const allowed = {
  ALLOWED_TAGS: [
    ...[
      'h2',
      'h3',
      'h4',
      'h5',
      'h6',
      'p',
      'br',
      'hr',
      'blockquote',
      'pre',
      'code',
      'em',
      'strong',
      'del',
      's',
      'b',
      'i',
    ],
    ...[
      'ul',
      'ol',
      'li',
      'table',
      'thead',
      'tbody',
      'tr',
      'th',
      'td',
      'a',
      'img',
      'sub',
      'sup',
      'kbd',
      'details',
      'summary',
    ],
  ],
  ALLOWED_ATTR: ['href', 'src', 'alt', 'align', 'start', 'open'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
} as const

const toFragment = (text: string, toFile: (link: string) => string | undefined): DocumentFragment => {
  const html = markdown.parse(text, { async: false })
  // An instance of its own: hooks would affect every other use.
  const fragment = createDOMPurify(window).sanitize(html, {
    ...allowed,
    ALLOWED_TAGS: [...allowed.ALLOWED_TAGS],
    ALLOWED_ATTR: [...allowed.ALLOWED_ATTR],
  })
  for (const image of fragment.querySelectorAll('img')) image.replaceWith(toWords(image))
  for (const link of fragment.querySelectorAll('a')) mendLink(link, toFile)
  for (const table of fragment.querySelectorAll('table')) {
    // A wide table scrolls on its own, also by keyboard.
    const frame = document.createElement('div')
    frame.className = 'markdown-table'
    frame.tabIndex = 0
    table.replaceWith(frame)
    frame.append(table)
  }
  for (const code of fragment.querySelectorAll('pre')) code.tabIndex = 0
  return fragment
}

const toWords = (image: HTMLImageElement): HTMLElement => {
  const source = image.getAttribute('src') ?? ''
  const words = document.createElement(image.closest('a') === null ? 'a' : 'span')
  words.className = 'markdown-image'
  words.textContent = packageText.image({ description: image.alt.trim() === '' ? source : image.alt })
  if (words instanceof HTMLAnchorElement) words.setAttribute('href', source)
  return words
}

const mendLink = (link: HTMLAnchorElement, toFile: (link: string) => string | undefined): void => {
  const written = link.getAttribute('href') ?? ''
  const outside = safeAddress(written)
  const inside = outside === undefined ? toFile(written) : undefined
  if (outside !== undefined) {
    link.href = outside
    link.target = '_blank'
    link.rel = 'noopener noreferrer nofollow'
  } else if (inside === undefined) link.replaceWith(...link.childNodes)
  else link.href = inside
}

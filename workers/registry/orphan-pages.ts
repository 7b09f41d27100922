import type { HeadPage } from '../protocol/head.ts'

/**
 * Head pages that arrived before their head. They are unsigned, so anyone can make them up: a bounded number is kept in
 * memory, and the oldest is evicted first. Peers send evicted pages again.
 */

export interface OrphanPage {
  readonly kind: 'page'
  /** SHA-256 of `bytes`, hex. */
  readonly id: string
  readonly page: HeadPage
  readonly bytes: Uint8Array
}

export interface OrphanPages {
  add(page: OrphanPage): void
  get(id: string): OrphanPage | undefined
  take(id: string): void
}

export const createOrphanPages = (limit: number): OrphanPages => {
  const pageById = new Map<string, OrphanPage>()
  return {
    add(page) {
      pageById.delete(page.id)
      pageById.set(page.id, page)
      if (pageById.size <= limit) return
      const [longest] = pageById.keys()
      if (longest !== undefined) pageById.delete(longest)
    },
    get: (id) => pageById.get(id),
    take(id) {
      pageById.delete(id)
    },
  }
}

import { publisherOf, publisherTag, slugOf } from '../lib/names.ts'

/** `@name~1a2b3c4d/slug`, with the slug emphasised. May break after the slash on narrow screens. */
export const PackageName = ({ id, publisherName }: { id: string; publisherName: string }) => (
  <span className="package-name">
    {publisherTag(publisherName, publisherOf(id))}/<wbr />
    <b>{slugOf(id)}</b>
  </span>
)

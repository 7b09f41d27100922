/**
 * The smallest string after every string that starts with `prefix`, in the order of UTF-16 code units (which is also
 * the order of IndexedDB keys); undefined when there is none, so that the range has no end.
 */
export const afterPrefix = (prefix: string): string | undefined => {
  for (let end = prefix.length; end > 0; end -= 1) {
    const unit = prefix.charCodeAt(end - 1)
    if (unit < 0xffff) return prefix.slice(0, end - 1) + String.fromCharCode(unit + 1)
  }
  return undefined
}

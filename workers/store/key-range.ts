/**
 * The smallest string above all strings with `prefix`, in the order of UTF-16 code units, which is also that of
 * IndexedDB keys; undefined if there is none and the range is unbounded.
 */
export const afterPrefix = (prefix: string): string | undefined => {
  for (let end = prefix.length; end > 0; end -= 1) {
    const unit = prefix.charCodeAt(end - 1)
    if (unit < 0xffff) return prefix.slice(0, end - 1) + String.fromCharCode(unit + 1)
  }
  return undefined
}

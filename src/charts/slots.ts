/**
 * Gives each of a changing set of names a place, because a chart's lines are made once. A name keeps its place as long
 * as it is shown; a place that no name needs is undefined.
 */
export const assignSlots = (
  before: readonly (string | undefined)[],
  names: readonly string[],
): (string | undefined)[] => {
  const wanted = new Set(names)
  const slots = before.map((name) => (name !== undefined && wanted.delete(name) ? name : undefined))
  for (const name of wanted) {
    const free = slots.indexOf(undefined)
    if (free < 0) break
    slots[free] = name
  }
  return slots
}

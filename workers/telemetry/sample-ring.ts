/**
 * The latest rows of measurements, as columns of numbers: fixed ones, and a bounded number of named ones that come and
 * go. Times ascend. Memory grows with the rows up to the capacity.
 */
export interface SampleRing {
  length(): number
  /** Time of the row before `end` rows from the newest: 0 is the newest. Undefined without that row. */
  timeOf(back: number): number | undefined
  /** @param time Must be later than that of the newest row. */
  push(time: number, row: Float64Array, named: ReadonlyMap<string, number>): void
  /** Number of rows after `time`. */
  countAfter(time: number): number
  /** Copies the times of the newest `count` rows, oldest first. */
  copyTimes(into: Float64Array, count: number): void
  copyColumn(column: number, into: Float64Array, count: number): void
  names(): string[]
  copyNamed(name: string, into: Float64Array, count: number): void
  /** Moves all rows in time. */
  shift(ms: number): void
  clear(): void
}

export interface SampleRingOptions {
  columns: number
  capacity: number
  /** Limit on named columns; beyond it, the one without a value for longest is dropped. */
  names: number
}

const firstRows = 64

export const createSampleRing = ({ columns, capacity, names: maxNames }: SampleRingOptions): SampleRing => {
  /** Rows that fit now. Grows before rows are overwritten. */
  let room = Math.min(firstRows, capacity)
  let times: Float64Array = new Float64Array(room)
  let values: Float64Array[] = Array.from({ length: columns }, () => new Float64Array(room))
  const named = new Map<string, { values: Float64Array; latest: number }>()
  /** Rows ever pushed; the newest is at `(pushed - 1) % room`. */
  let pushed = 0

  const length = (): number => Math.min(pushed, room)

  /** Copies the newest `count` rows, oldest first. */
  const copy = (from: Float64Array, into: Float64Array, count: number): void => {
    const first = (pushed - count + room) % room
    const head = Math.min(count, room - first)
    into.set(from.subarray(first, first + head))
    into.set(from.subarray(0, count - head), head)
  }

  const grow = (): void => {
    const count = length()
    const larger = Math.min(capacity, room * 2)
    const moved = (from: Float64Array): Float64Array => {
      const into = new Float64Array(larger)
      copy(from, into, count)
      return into
    }
    times = moved(times)
    values = values.map(moved)
    for (const column of named.values()) column.values = moved(column.values)
    room = larger
  }

  const createNamed = (name: string, present: ReadonlyMap<string, number>) => {
    if (named.size >= maxNames) {
      let stalest: string | undefined
      let latest = Number.POSITIVE_INFINITY
      for (const [each, column] of named)
        if (!present.has(each) && column.latest < latest) {
          stalest = each
          latest = column.latest
        }
      if (stalest === undefined) return undefined
      named.delete(stalest)
    }
    const column = { values: new Float64Array(room).fill(Number.NaN), latest: pushed }
    named.set(name, column)
    return column
  }

  const slotOf = (back: number): number => (pushed - 1 - back + room) % room

  return {
    length,
    timeOf: (back) => (back < length() ? times[slotOf(back)] : undefined),
    push(time, row, present) {
      if (pushed >= room && room < capacity) grow()
      const slot = pushed % room
      times[slot] = time
      for (let column = 0; column < columns; column += 1) {
        const into = values[column]
        if (into !== undefined) into[slot] = row[column] ?? Number.NaN
      }
      for (const [name, column] of named) if (!present.has(name)) column.values[slot] = Number.NaN
      for (const [name, value] of present) {
        const column = named.get(name) ?? createNamed(name, present)
        if (column === undefined) continue
        column.values[slot] = value
        column.latest = pushed
      }
      pushed += 1
      for (const [name, { latest }] of named) if (pushed - latest > capacity) named.delete(name)
    },
    countAfter(time) {
      let low = 0
      let high = length()
      while (low < high) {
        const middle = (low + high) >> 1
        if ((times[slotOf(middle)] ?? 0) > time) low = middle + 1
        else high = middle
      }
      return low
    },
    copyTimes: (into, count) => copy(times, into, count),
    copyColumn(column, into, count) {
      const from = values[column]
      if (from !== undefined) copy(from, into, count)
    },
    names: () => [...named.keys()],
    copyNamed(name, into, count) {
      const column = named.get(name)
      if (column === undefined) into.fill(Number.NaN)
      else copy(column.values, into, count)
    },
    shift(ms) {
      for (let at = 0; at < room; at += 1) times[at] = (times[at] ?? 0) + ms
    },
    clear() {
      pushed = 0
      named.clear()
    },
  }
}

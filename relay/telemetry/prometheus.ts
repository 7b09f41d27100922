import { Counter, Gauge, Registry } from 'prom-client'
import { type Figures, namesOf } from './figures.ts'

/** A registry of its own with these figures, which are read when its text is asked for. */
export const createRegistry = (figures: Figures): Registry => {
  const registry = new Registry()
  for (const name of namesOf(figures)) {
    const { kind, description: help, labels } = figures.table[name] ?? { kind: 'gauge', description: '', labels: [] }
    const common = { name, help, labelNames: [...labels], registers: [registry] }
    if (kind === 'counter') {
      new Counter({
        ...common,
        collect() {
          this.reset()
          for (const { value, attributes } of figures.read(name)) this.inc(textual(attributes), value)
        },
      })
    } else {
      new Gauge({
        ...common,
        collect() {
          this.reset()
          for (const { value, attributes } of figures.read(name)) this.set(textual(attributes), value)
        },
      })
    }
  }
  return registry
}

/** Longest text of one process (bytes); a relay has about 40 KB. */
const maxTextBytes = 1024 * 1024

/** The Prometheus text of a registry; undefined when it is too long. */
export const textOf = async (registry: Registry): Promise<string | undefined> => {
  const text = await registry.metrics()
  return Buffer.byteLength(text) > maxTextBytes ? undefined : text
}

const textual = (attributes: Readonly<Record<string, string | number | boolean>>): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)]))

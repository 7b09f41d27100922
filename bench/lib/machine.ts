import { cpus } from 'node:os'

/** Properties of a machine that decide whether figures are comparable. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly node: string
}

export const thisMachine = (): Machine => {
  const cores = cpus()
  return { cores: cores.length, cpu: cores[0]?.model.trim() ?? 'unknown', node: process.version }
}

export const machineToText = ({ cores, cpu, node }: Machine): string => `${cores} cores of ${cpu}, Node ${node}`

/** Ignores the version of Node: a slower version is a regression to report, not another machine. */
export const isSameMachine = (a: Machine, b: Machine): boolean => a.cores === b.cores && a.cpu === b.cpu

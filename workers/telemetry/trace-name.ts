import type { Attributes } from './telemetry.ts'

/** The name of a trace: its first span's, and of a command the command. */
export const nameOfTrace = ({ name, attributes }: { name: string; attributes: Attributes }): string => {
  const command = attributes['command']
  return name === 'command' && typeof command === 'string' ? command : name
}

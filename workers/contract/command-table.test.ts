import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type CommandTable,
  commandNames,
  commandTable,
  type ScriptCommand,
  scriptCommands,
  type TabCommand,
  tabCommands,
} from './command-table.ts'
import type { EngineCommands } from './commands.ts'

describe('the command table', () => {
  test('has a line for every command, or does not compile', () => {
    const { status: _left, ...incomplete } = commandTable
    // @ts-expect-error a command without its line
    incomplete satisfies CommandTable
    // @ts-expect-error a line without its command
    ;({ ...commandTable, unheardOf: commandTable.status }) satisfies CommandTable
    // @ts-expect-error a line without `retry`
    ;({ ...commandTable, status: { by: 'scripts', bytes: 'none' } }) satisfies CommandTable
    commandTable satisfies CommandTable
    expectTypeOf<keyof typeof commandTable>().toEqualTypeOf<keyof EngineCommands>()
  })

  test('lists the commands of other tabs and of scripts', () => {
    expectTypeOf<TabCommand>().toEqualTypeOf<Exclude<keyof EngineCommands, 'start' | 'stop' | 'flush'>>()
    expectTypeOf<ScriptCommand>().toExtend<TabCommand>()
    expect(commandNames.filter((name) => !tabCommands.some((each) => each === name))).toEqual([
      'start',
      'stop',
      'flush',
    ])
    // Scripts rely on these: commands may be added, none removed.
    expect(scriptCommands).toEqual(
      expect.arrayContaining(
        'status publish search lookup resolve install library readFile yank peers metrics connect'.split(' '),
      ),
    )
  })

  test('closes by a command of tabs, and never retries commands on the state of one engine', () => {
    for (const name of commandNames) {
      const rule: CommandTable[typeof name] = commandTable[name]
      if (rule.closedBy !== undefined) expect(tabCommands).toContain(rule.closedBy)
      if (rule.by === 'page') expect(rule.retry).toBe('same-engine')
    }
  })
})

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

describe('the table of commands', () => {
  test('has a line for every command, or does not compile', () => {
    const { status: _left, ...incomplete } = commandTable
    // @ts-expect-error a command without its line
    incomplete satisfies CommandTable
    // @ts-expect-error a line without its command
    ;({ ...commandTable, unheardOf: commandTable.status }) satisfies CommandTable
    // @ts-expect-error a line that says nothing of a second try
    ;({ ...commandTable, status: { by: 'scripts', bytes: 'none' } }) satisfies CommandTable
    commandTable satisfies CommandTable
    expectTypeOf<keyof typeof commandTable>().toEqualTypeOf<keyof EngineCommands>()
  })

  test('says which commands other tabs and scripts may give', () => {
    expectTypeOf<TabCommand>().toEqualTypeOf<Exclude<keyof EngineCommands, 'start' | 'stop' | 'flush'>>()
    expectTypeOf<ScriptCommand>().toExtend<TabCommand>()
    expect(commandNames.filter((name) => !tabCommands.some((each) => each === name))).toEqual([
      'start',
      'stop',
      'flush',
    ])
    // What scripts rely on: a command may come, none may go.
    expect(scriptCommands).toEqual(
      expect.arrayContaining(
        'status publish search lookup resolve install library readFile yank peers metrics connect'.split(' '),
      ),
    )
  })

  test('closes what a tab opened by a command that tabs may give, and keeps what is about one engine there', () => {
    for (const name of commandNames) {
      const rule: CommandTable[typeof name] = commandTable[name]
      if (rule.closedBy !== undefined) expect(tabCommands).toContain(rule.closedBy)
      if (rule.by === 'page') expect(rule.retry).toBe('same-engine')
    }
  })
})

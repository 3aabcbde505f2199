import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as options from '../src/options/all.js'
import { joinValues } from '../src/options/types/list-types.js'
import { environmentName, type OptionTable, variableOf } from '../src/options/types/spec.js'

const tables = Object.entries<unknown>(options).filter(
  (entry): entry is [string, OptionTable] => entry[0].endsWith('Options') && typeof entry[1] === 'object',
)

describe.each(tables)('%s', (_name, table) => {
  it.each(Object.entries(table))('%s has a help text that is a sentence, and a flag in kebab case', (_key, spec) => {
    expect(spec.flag).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(spec.help).toMatch(/^[A-Za-z"].*\.$/s)
  })

  it.each(Object.values(table).filter(({ choices }) => choices !== undefined))('--$flag shows its choices', (spec) => {
    for (const choice of spec.choices!)
      expect(`${spec.placeholder} ${spec.help}`).toMatch(new RegExp(`\\b${choice}\\b`))
  })
})

it('no option has a variable that the program reads with another meaning', () => {
  const read = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('options/'))
    .flatMap((file) => [...readFileSync(join('src', file), 'utf8').matchAll(/(?:process\.env\.|')(TIDEMARK_[A-Z_]+)/g)])
    .map(([, name]) => name!)
  expect(read).toContain('TIDEMARK_DEBUG')
  const ofOptions = tables.flatMap(([, table]) => Object.values(table).map(variableOf))
  // A comparison passes its --probe-every on to its server by that variable.
  expect(ofOptions.filter((name) => read.includes(name) && name !== 'TIDEMARK_PROBE_EVERY')).toEqual([])
})

describe('lists', () => {
  const { serverMemoryGcRounds, arenaMax } = options.axisOptions

  it('reads every item', () => {
    expect(serverMemoryGcRounds.parse('0,5,1')).toEqual([0, 5, 1])
    expect(arenaMax.parse('unset,4')).toEqual(['unset', 4])
  })

  it.each(['', '0,,1', '0,5,0', '1.5', '-1', 'a,b', '0 5'])('refuses "%s"', (text) =>
    expect(serverMemoryGcRounds.parse(text)).toBeUndefined(),
  )
})

describe('values of a parameter', () => {
  const { parameters } = options.commandOptions
  const tuning = 'dirty_decay_ms:0,muzzy_decay_ms:0'

  it.each([
    ['gc=0,5,1', { gc: [0, 5, 1] }],
    ['MALLOC_CONF=unset,dirty_decay_ms:0\\,muzzy_decay_ms:0', { MALLOC_CONF: ['unset', tuning] }],
    ['how=C:\\a,\\d,x\\\\', { how: ['C:\\a', '\\d', 'x\\'] }],
  ])('reads %s: a comma behind a backslash belongs to the value', (given, expected) =>
    expect(parameters.parse(given)).toEqual(expected),
  )

  it('takes a comma as its help writes it', () => {
    const [, written = ''] = /comma within a value as "(.+?)"/.exec(parameters.help)!
    expect(parameters.parse(`how=a${written}b`)).toEqual({ how: ['a,b'] })
  })

  it('writes what it reads', () => {
    const values = ['unset', tuning, 'a\\', '\\,', '\\d', '']
    expect(parameters.parse(`X=${joinValues(values)}`)).toEqual({ X: values })
  })
})

describe('numbers', () => {
  it.each(['', ' ', '1.5', '0x10', '1e3', '-1', 'Infinity', '9007199254740993'])(
    'refuses "%s" as a whole number',
    (text) => expect(options.jobOptions.rounds.parse(text)).toBeUndefined(),
  )

  it('keeps a share within its bounds', () => {
    expect(options.roundOptions.sample.parse('0.5')).toBe(0.5)
    expect(options.roundOptions.sample.parse('1.01')).toBeUndefined()
    expect(options.roundOptions.sample.parse('0')).toBeUndefined()
  })
})

it('names the environment variable of a flag', () => {
  expect(environmentName('server-memory-gc-rounds')).toBe('TIDEMARK_SERVER_MEMORY_GC_ROUNDS')
})

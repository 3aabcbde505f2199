import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command, preset } from '../../src/comparison/definition/definition.js'
import { loadSuite } from '../../src/comparison/definition/suite.js'
import { planComparison } from '../../src/comparison/plan/plan.js'
import { temporaryFolder } from '../temporary-folder.js'

test('a command has the roles and the judge of its preset, unless the definition names its own', () => {
  const plan = (workload: object, more: object = {}) => planComparison({ name: 'x', workload, ...more }, 'x')
  expect(plan(command('python job.py', { rounds: preset('nvflare') }))).toMatchObject({
    judge: 'server',
    settings: {},
    workload: {
      rounds: 'nvflare',
      role: { server: expect.stringContaining('runner_process') },
      expectedRounds: null,
      env: {},
    },
  })
  expect(plan(command('flwr run', { rounds: preset('flower') })).judge).toBe('server+superlink')
  const own = command('python job.py', { rounds: /Round (\d+) started/, role: { hub: /hub\.py/ }, timeout: '5m' })
  expect(plan(own, { judge: 'hub' })).toMatchObject({
    judge: 'hub',
    workload: { rounds: 'Round (\\d+) started', role: { hub: 'hub\\.py' }, timeout: 300_000 },
  })
})

test('a plan of a command survives JSON, which is how a stopped comparison is resumed', () => {
  const plan = planComparison(
    {
      name: 'x',
      workload: command(['python', 'job.py', '{gc}'], { rounds: preset('flower'), env: { A: '{gc}', B: undefined } }),
      settings: { gc: [0, 1], MALLOC_ARENA_MAX: [undefined, 4], allocator: ['glibc'] },
    },
    'x',
  )
  expect(plan.settings).toEqual({ gc: [0, 1], MALLOC_ARENA_MAX: ['unset', 4], allocator: ['glibc'] })
  expect(planComparison(JSON.parse(JSON.stringify(plan)), 'plan.json')).toEqual(plan)
})

/** Line 1 is the import, `name` stands on line 3, `workload` on line 4. */
const file = (workload: string, more = '') => `import { command, defineComparison, preset } from 'tidemark'
export default defineComparison({
  name: 'mine',
  workload: ${workload},
  ${more}
})
`

test.each([
  [
    'an unknown key of the command',
    file(`command('job', {\n    round: preset('nvflare'),\n  })`),
    ':5: workload.round: unknown key. Did you mean "rounds"?',
  ],
  ['an unknown key', file(`command('job')`, 'trails: 3,'), ':5: trails: unknown key. Did you mean "trials"?'],
  [
    'a wrong type',
    file(`command('job', {\n    role: { server: 7 },\n  })`),
    ':5: workload.role.server: found 7, expected a regular expression, or the text of one',
  ],
  [
    'a pattern with flags',
    file(`command('job', { ready: /up/i })`),
    ':4: workload.ready: found /up/i, expected a regular expression without flags; write [Rr] for letters of both cases',
  ],
  [
    'a placeholder without a value',
    file(`command('python job.py --gc {gv}')`, 'settings: { gc: [0, 1] },'),
    'has 2 faults:\n  line 5: settings.gc: the command has no {gc}, and it is no environment variable in capitals. Did you mean "gv"?\n  line 4: workload.command: {gv} has no value. Did you mean {gc}?',
  ],
  [
    'a placeholder that nothing is like',
    file(`command('python job.py --size {size}')`),
    ':4: workload.command: {size} has no value. Give it some (settings: { size: [0, 1] }, or -L size 0,1), or write {{size}} for the text itself.',
  ],
  [
    'an axis that the command has no place for',
    file(`command('python job.py')`, 'settings: { gc: [0, 1] },'),
    ':5: settings.gc: the command has no {gc}, and it is no environment variable in capitals. Known: allocator, arenaMax.',
  ],
  [
    'an unset placeholder',
    file(`command('python job.py {gc}')`, 'settings: { gc: [undefined, 1] },'),
    ':5: settings.gc: found undefined, which only takes an environment variable away; {gc} in workload.command needs a value',
  ],
  [
    'an unknown preset',
    file(`command('job', { rounds: preset('nvflrae') })`),
    ':4: workload.rounds: found "nvflrae", expected one of the presets nvflare, flower, openfl, fedml, federatedscope, pfllib. Did you mean "nvflare"?',
  ],
  [
    'a pattern with two groups',
    file(`command('job', {\n    rounds: /(Round|Epoch) (\\d+)/,\n  })`),
    ':5: workload.rounds: found "(Round|Epoch) (\\\\d+)", which has 2 groups, expected one at most: the digits of the round\'s number. Write the other groups as (?:...).',
  ],
  [
    'a judge that no pattern names',
    file(`command('job', { role: { server: /job/ } })`, "judge: 'sever',"),
    ':5: judge: "sever" is no role of the workload. Did you mean "server"?',
  ],
  [
    'a quote that is not closed',
    file(`command('python "job')`),
    ':4: workload.command: found "python \\"job", expected a command line that can be split into words: the quote " is not closed',
  ],
  [
    'an allocator that does not exist',
    file(`command('job')`, "settings: { allocator: ['jmalloc'] },"),
    ':5: settings.allocator: found ["jmalloc"], expected a list, each one of glibc, jemalloc, mimalloc, tcmalloc, none twice',
  ],
])('%s is refused with file, line and what would be right', async (_fault, text, message) => {
  const path = join(temporaryFolder(), 'x.memory.ts')
  writeFileSync(path, text)
  const [loaded] = await loadSuite(path)
  const plan = () => planComparison(loaded!.definition, { name: 'x.memory.ts', text: loaded!.text })
  expect(plan).toThrow(message)
})

test('a JSON file that does not parse says the line', async () => {
  const path = join(temporaryFolder(), 'x.memory.json')
  writeFileSync(path, '{\n  "name": "x",\n  oops\n}')
  await expect(loadSuite(path)).rejects.toThrow(/^cannot load .*x\.memory\.json: line 3: /)
})

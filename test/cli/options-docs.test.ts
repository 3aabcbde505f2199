import { describe, expect, test } from 'vitest'
import { helpOf } from '../../src/cli/output/help.js'
import { verbs } from '../../src/cli/parsing/verbs.js'
import { loadSuite } from '../../src/comparison/definition/suite.js'
import { type FederationPlan, planComparison } from '../../src/comparison/plan/plan.js'
import { axisOptions } from '../../src/options/comparison.js'
import { defaultValue, type OptionSpec, type OptionTable, variableOf } from '../../src/options/types/spec.js'
import { runTidemark } from '../tidemark.js'

const commands = await Promise.all(Object.values(verbs).map(async (load) => (await load()).command))

test('docs/options.md is what the option tables say (npx vitest run test/cli/options-docs.test.ts -u)', async () => {
  await expect(optionsPage()).toMatchFileSnapshot('../../docs/options.md')
})

describe.each(commands)('tidemark $verb --help', ({ verb, options, examples }) => {
  test('names every option with its default, and has examples', async () => {
    const { code, stdout } = await runTidemark([verb, '--help'])
    expect(code).toBe(0)
    const help = stdout.replaceAll(/\s+/g, ' ')
    for (const spec of Object.values(options)) {
      expect(help).toContain(` --${spec.flag}${spec.placeholder === '' ? '' : ` <${spec.placeholder}>`} ${spec.help}`)
      if (defaultOf(spec) !== '') expect(help).toContain(`${spec.help} Default: ${defaultOf(spec)}.`)
    }
    expect(examples.length).toBeGreaterThan(0)
    const joined = stdout.replaceAll(/ \\\n {4}/g, ' ')
    for (const example of examples) expect(joined).toContain(`\n  ${example}\n`)
  })

  test('fits 80 columns, with its examples before its options', async () => {
    const { stdout } = await runTidemark([verb, '--help'])
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(stdout.search(/^Examples?:$/m)).toBeLessThan(stdout.search(/^ {2}(-\w, )?--/m))
  })
})

test.each(commands)('tidemark $verb --help shows a variable that one of its options has', ({ verb, options }) => {
  const help = helpOf(commands.find((one) => one.verb === verb)!).replaceAll(/\s+/g, ' ')
  const [, flag, variable] = / --(\S+) is (TIDEMARK_\w+)\./.exec(help) ?? []
  const spec = Object.values(options).find((one) => one.flag === flag)
  expect(variable).toBe(spec && variableOf(spec))
})

test.each(['compare', 'check', 'tune'])('tidemark %s --help has the defaults of the suites that ship', async (verb) => {
  const { options } = commands.find((one) => one.verb === verb)!
  for (const { definition } of await loadSuite('all')) {
    const { job } = planComparison(definition, 'the suite').workload as FederationPlan
    // An axis is what is compared, and not an option of the job.
    const ofJob = Object.entries(options).filter(([key]) => job[key] !== undefined && !(key in axisOptions))
    const others = ofJob.filter(([key, spec]) => job[key] !== defaultValue(spec, job.algorithm))
    for (const [key, spec] of others) expect(`${key}: ${spec.defaultText}`).toMatch(/: the suite's, else /)
  }
})

/** A reader of a client's help has no server at hand, and a text that refers to another option may stand alone. */
test('the help of a role speaks of that role', () => {
  const helpsOf = (verb: string) =>
    Object.values(commands.find((one) => one.verb === verb)!.options).map(({ help }) => help)
  expect(
    commands.flatMap(({ options }) => Object.values(options)).filter(({ help }) => /^The same\b/.test(help)),
  ).toEqual([])
  for (const verb of ['client', 'peer'])
    expect(helpsOf(verb).filter((help) => /server (without|that has)|is created|the clients\./.test(help))).toEqual([])
})

function optionsPage(): string {
  return [
    '# Options',
    '',
    'Made from `src/options/` by `npx vitest run test/cli/options-docs.test.ts -u`; do not edit by hand.',
    '',
    'An option of the command line beats its environment variable, which beats the default. Sizes: 10^6 bytes is an MB,',
    '2^20 a MiB. A plain number is seconds where a time is asked for, and bytes where a size is.',
    '',
    ...commands.flatMap(({ verb, summary, options }) => [
      `## tidemark ${verb}`,
      '',
      summary,
      '',
      ...table(options),
      '',
    ]),
  ].join('\n')
}

function table(options: OptionTable): string[] {
  const rows = Object.values(options).map((spec) => {
    const short = spec.short === undefined ? '' : `\`-${spec.short}\`, `
    const name = `${short}\`--${spec.flag}${spec.placeholder === '' ? '' : ` ${spec.placeholder.replaceAll('|', '\\|')}`}\``
    const value = defaultOf(spec)
    return `| ${name} | \`${variableOf(spec)}\` | ${value === '' ? '' : `\`${value}\``} | ${spec.help} |`
  })
  return ['| option | variable | default | |', '| --- | --- | --- | --- |', ...rows]
}

function defaultOf(spec: OptionSpec<unknown>): string {
  return spec.defaultText ?? (spec.default === undefined || spec.default === false ? '' : String(spec.default))
}

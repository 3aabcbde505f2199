import { describe, expect, test } from 'vitest'
import { verbs } from '../../src/cli/parsing/verbs.js'
import { type OptionSpec, type OptionTable, variableOf } from '../../src/options/types/spec.js'
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

/**
 * `npm run experiments`: the acceptance experiments, through the algorithms, trainers and aggregation of the runtime.
 * Prints tables in Markdown. Exits with 1 when a row fails, with 2 when the arguments are wrong.
 */
import { cpus } from 'node:os'
import { TidemarkError, UsageError } from '../src/shared/errors.js'
import { cyclicForgets } from './cyclic-forgets.js'
import { exactNumbers } from './exact-numbers.js'
import { fixedPoint } from './fixed-point.js'
import { heterogeneity } from './heterogeneity.js'
import { localWorkPays } from './local-work-pays.js'
import { sampling } from './sampling.js'
import type { Experiment, Row } from './support/experiment.js'
import { twoQuadratics } from './two-quadratics.js'

const ALWAYS = [exactNumbers, twoQuadratics, fixedPoint, heterogeneity, sampling, cyclicForgets]
const FASHION = '--fashion'

const USAGE = `Runs the acceptance experiments and prints what was expected, what was measured and whether that passes.

  npm run experiments                 A to E and G; minutes
  npm run experiments -- B C          those alone
  npm run experiments -- ${FASHION}    F too, with Debian's dataset-fashion-mnist
`

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof TidemarkError)) throw error
  process.stderr.write(`experiments: ${error.message}\n${error.fix === undefined ? '' : `${error.fix}\n`}`)
  process.exitCode = error instanceof UsageError ? 2 : 3
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE)
    return 0
  }
  const chosen = choose(args)
  console.log(`Node ${process.version}, ${cpus().length} cores.`)
  let failed = 0
  for (const experiment of chosen) failed += await runOne(experiment)
  console.log(`\n${failed === 0 ? 'All rows pass.' : `${failed} ${failed === 1 ? 'row does' : 'rows do'} not pass.`}`)
  return failed === 0 ? 0 : 1
}

/** @throws UsageError for a letter that is none */
function choose(args: readonly string[]): Experiment[] {
  const letters = args.filter((arg) => arg !== FASHION).map((arg) => arg.toUpperCase())
  const all = [...ALWAYS, localWorkPays]
  const unknown = letters.filter((letter) => !all.some((experiment) => experiment.letter === letter))
  if (unknown.length > 0)
    throw new UsageError(`there is no experiment ${unknown.join(', ')}`, {
      fix: `There are ${all.map(({ letter }) => letter).join(', ')}: npm run experiments -- B C. ${FASHION} adds F.`,
    })
  const named = letters.length === 0 ? ALWAYS : all.filter(({ letter }) => letters.includes(letter))
  return args.includes(FASHION) && !named.includes(localWorkPays) ? [...named, localWorkPays] : named
}

/** Returns how many rows failed. */
async function runOne({ letter, shows, run }: Experiment): Promise<number> {
  const startedMs = performance.now()
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(0)
  const rows = await run((what) => process.stderr.write(`experiment ${letter}, ${seconds()} s: ${what}\n`))
  console.log(`\n## ${letter}. ${shows}\n\n${table(rows)}\n\nTook ${seconds()} s.`)
  return rows.filter(({ passed }) => !passed).length
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ what, expected, measured, passed }) => [what, expected, measured, passed ? 'yes' : 'NO'])
  const cells = [['what', 'expected', 'measured', 'pass'], ['---', '---', '---', '---'], ...lines]
  return cells.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

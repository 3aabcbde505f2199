import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { entriesOf } from '../../../comparison/history/history-entry.js'
import { addToHistory, type HistoryStore, readHistory } from '../../../comparison/history/history-file.js'
import { type HistorySeries, seriesOf } from '../../../comparison/history/series.js'
import { repositoryOf } from '../../../comparison/refs/resolve-refs.js'
import { readComparison } from '../../../comparison/run/comparison-folder.js'
import { historyOptions } from '../../../options/history.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { type GateResult, verdictOf } from '../../../report/ci/gate-result.js'
import { bencherMetrics, githubActionBenchmark, otavaCsv } from '../../../report/history/history-exports.js'
import { historyMarkdown, historyText } from '../../../report/history/history-text.js'
import { suggestWord } from '../../../shared/did-you-mean.js'
import { messageOf, UsageError } from '../../../shared/errors.js'
import { count } from '../../../shared/text.js'
import type { Command, CommandInput } from '../../parsing/command.js'

export const command: Command = {
  verb: 'history',
  summary: 'Keep what checks measured over commits, and show where it changed.',
  description: [
    'add FOLDER appends the measurements of a comparison with their commit, machine and versions. It reads the folder',
    'of tidemark compare or tidemark check, or the file printed by tidemark check --json, whose result is kept too. For',
    'a comparison of refs, every commit is added; otherwise the one that is checked out, which must have no uncommitted',
    'changes.',
    '',
    'show prints each series and its change points (E-divisive with a t test), plot draws one, and export writes it for',
    'github-action-benchmark, Bencher or Otava. Each job and each type of machine is a series of its own.',
  ].join('\n'),
  arguments: '<add|show|plot|export> [folder]',
  options: historyOptions,
  examples: [
    'tidemark history add memory',
    'tidemark history show --metric slope --markdown history.md',
    'tidemark history plot -o history.svg',
    'tidemark history export --format bencher -o bmf.json',
  ],
  run: runHistory,
}

type Options = OptionValues<typeof historyOptions>

const ACTIONS = ['add', 'show', 'plot', 'export'] as const

/** Options that only some of the actions read. Others would ignore them silently. */
const ONLY_OF: Partial<Record<keyof Options, readonly string[]>> = {
  metric: ['show', 'plot', 'export'],
  format: ['export'],
  out: ['plot', 'export'],
  force: ['plot', 'export'],
  markdown: ['show'],
  json: ['show'],
}

async function runHistory({ arguments: [action = '', folder], options: read, given }: CommandInput): Promise<number> {
  const options = read as unknown as Options
  if (!ACTIONS.some((one) => one === action))
    throw new UsageError(`history: found "${action}", expected one of ${ACTIONS.join(', ')}`, {
      fix: suggestWord(action, ACTIONS),
    })
  const useless = Object.entries(ONLY_OF).find(([key, actions]) => given.has(key) && !actions.includes(action))
  if (useless !== undefined)
    throw new UsageError(
      `history ${action}: --${historyOptions[useless[0] as keyof Options].flag} belongs to history ${useless[1].join(' and ')}`,
      { fix: 'Leave it out.' },
    )
  const store: HistoryStore = options.notes ? { notesOf: repositoryOf(process.cwd()).top } : { file: options.file }
  if (action === 'add') return add(store, folder)
  if (folder !== undefined)
    throw new UsageError(`history ${action}: found the folder "${folder}", expected none`, {
      fix: 'It is add that takes one; --file names the history.',
    })
  const series = seriesOf(readHistory(store), options.metric as HistorySeries['metric'])
  if (series.length === 0) throw new UsageError(`history: no entry has a ${options.metric}`)
  if (action === 'show') return show(series, options)
  if (action === 'plot') return plot(series, options)
  write(exported(series, options), options)
  return 0
}

function add(store: HistoryStore, asked: string | undefined): number {
  if (asked === undefined)
    throw new UsageError('history add: nothing was named to add', {
      fix: 'Name the folder of a comparison: tidemark history add memory',
    })
  const repository = repositoryOf(process.cwd())
  const measured = measuredIn(asked)
  const own = [asked, ...measured.map(({ folder }) => folder), ...('file' in store ? [store.file] : [])]
  const entries = measured.flatMap(({ folder, outcome }) =>
    entriesOf(readComparison(folder), repository, { outcome, own }),
  )
  addToHistory(store, entries)
  const where = 'file' in store ? store.file : 'refs/notes/tidemark'
  const commits = new Set(entries.map(({ commit }) => commit)).size
  process.stdout.write(`Added ${count(entries.length, 'measurement')} of ${count(commits, 'commit')} to ${where}\n`)
  return 0
}

/** Returns the folders to add, each with the outcome of its check where that is known. */
function measuredIn(asked: string): { folder: string; outcome: string | null }[] {
  if (!asked.endsWith('.json')) return [{ folder: asked, outcome: null }]
  if (!existsSync(asked)) throw new UsageError(`history add: there is no file ${asked}`)
  let results: GateResult[]
  try {
    results = JSON.parse(readFileSync(asked, 'utf8')) as GateResult[]
  } catch (error) {
    throw new UsageError(`history add: cannot read ${asked}: ${messageOf(error)}`, { cause: error })
  }
  const isOfCheck =
    Array.isArray(results) && results.every((one) => typeof one?.folder === 'string' && Array.isArray(one.checks))
  if (!isOfCheck || results.length === 0)
    throw new UsageError(`history add: ${asked} is not what tidemark check --json prints`, {
      fix: 'Name that, or the folder of a comparison.',
    })
  return results.map((result) => ({ folder: result.folder, outcome: verdictOf(result) }))
}

function show(series: readonly HistorySeries[], options: Options): number {
  if (options.markdown !== undefined) writeFile(options.markdown, historyMarkdown(series))
  process.stdout.write(options.json ? `${JSON.stringify(series, null, 2)}\n` : historyText(series))
  return 0
}

async function plot(series: readonly HistorySeries[], options: Options): Promise<number> {
  const { out } = options
  const kind = out === undefined ? '' : extname(out).toLowerCase()
  if (out === undefined || !['.svg', '.png'].includes(kind))
    throw new UsageError(
      `history plot: found ${out === undefined ? 'no --out' : `"${out}"`}, expected a name that ends in .svg or .png`,
      {
        fix: 'For example: tidemark history plot -o history.svg',
      },
    )
  assertFree(options)
  const [{ historyFigure }, { svgOf }] = await Promise.all([
    import('../../../report/figures/history.js'),
    import('../../../report/figures/parts/svg.js'),
  ])
  for (const [place, one] of series.entries()) {
    const file = place === 0 ? out : out.replace(/(\.\w+)$/, `-${place + 1}$1`)
    const svg = svgOf(historyFigure(one))
    writeFile(file, kind === '.svg' ? svg : (await import('../../../report/png.js')).pngOf(svg))
    process.stdout.write(`${file}\n`)
  }
  return 0
}

function exported(series: readonly HistorySeries[], { format }: Options): string {
  if (format === 'bencher') return bencherMetrics(series)
  return format === 'otava' ? otavaCsv(series) : githubActionBenchmark(series)
}

function write(content: string, options: Options): void {
  if (options.out === undefined) {
    process.stdout.write(content)
    return
  }
  assertFree(options)
  writeFile(options.out, content)
  process.stdout.write(`${options.out}\n`)
}

function assertFree({ out, force }: Options): void {
  if (out !== undefined && existsSync(out) && !force)
    throw new UsageError(`${out} is already there`, { fix: 'Name another file, or replace it with --force.' })
}

function writeFile(file: string, content: string | Buffer): void {
  try {
    writeFileSync(file, content)
  } catch (error) {
    throw new UsageError(`history: cannot write ${file}: ${messageOf(error)}`, { cause: error })
  }
}

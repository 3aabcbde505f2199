import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeExampleRecording } from '../recording/example-recording.js'
import { runTidemark } from '../tidemark.js'

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  mkdirSync(join(cwd, 'compared'))
  writeFileSync(join(cwd, 'compared', 'comparison.json'), '{}')
  writeFileSync(
    join(cwd, 'rounds.csv'),
    `round,rss\n${Array.from({ length: 12 }, (_, i) => `${i},${500 + i}\n`).join('')}`,
  )
  writeFileSync(join(cwd, 'three.memory.ts'), 'export default 3\n')
  writeFileSync(join(cwd, 'metrics.txt'), '# HELP rss Memory.\n# TYPE rss gauge\nrss 1\n# EOF\n')
  writeFileSync(join(cwd, 'times.csv'), 'timestamp,rss\n1,100\n2,110\n')
  writeFileSync(join(cwd, 'control.csv'), 'round,rss\n1,500\n2,\u001b[2J\u001b]0;taken\u0007\n')
  writeFileSync(join(cwd, 'no-memory.csv'), 'round,rss_mib\n1,\n2,\n3,\n')
  mkdirSync(join(cwd, 'torn'))
  writeFileSync(join(cwd, 'torn', 'plan.json'), '{"name":')
  writeExampleRecording(join(cwd, 'unread'), { processes: [] })
  for (const file of ['samples.ndjson', 'marks.ndjson']) writeFileSync(join(cwd, 'unread', file), '')
  writeFileSync(join(cwd, 'deep.json'), '['.repeat(100_000) + ']'.repeat(100_000))
  writeFileSync(join(cwd, 'binary.bin'), Buffer.from([1, 2, 0, 3, 0, 0, 1, 9]))
  writeFileSync(join(cwd, 'book.xlsx'), Buffer.from('504b030414000600', 'hex'))
  writeFileSync(join(cwd, 'table.parquet'), Buffer.from('5041523115041500', 'hex'))
})

afterAll(() => rmSync(cwd, { recursive: true, force: true }))

/** What is typed, and the sentence that says what is wrong and what would be right. */
const WRONG: { args: string[]; env?: Record<string, string>; says: RegExp }[] = [
  {
    args: ['analyze', 'rounds.csv', '--limit', '10'],
    says: /--limit: found "10", expected a size .* at least 1\.0 MiB; a number without a unit is bytes/,
  },
  { args: ['compare', 'fedavg', '--limit', '10'], says: /--limit: found "10".*a number without a unit is bytes/ },
  {
    args: ['run', '--rss-limit', '500', '--', 'true'],
    says: /--rss-limit: found "500".*a number without a unit is bytes/,
  },
  {
    args: ['server'],
    env: { TIDEMARK_PORT: 'tcp://10.0.0.1:80' },
    says: /TIDEMARK_PORT: found "tcp:\/\/10\.0\.0\.1:80", which Kubernetes sets.*\n {2}Give --port,.*enableServiceLinks: false/,
  },
  {
    args: ['compare', 'fedavg', '--model-size', '500GB'],
    says: /--model-size: found "500GB", expected a size .* at most 16\.00 GiB/,
  },
  {
    args: ['server', '--model-size', '500GB'],
    says: /--model-size: found "500GB", expected a size .* at most 16\.00 GiB/,
  },
  {
    args: ['compare', '--resume', 'nofolder'],
    says: /there is no folder nofolder\n {2}Name the folder of a comparison/,
  },
  {
    args: ['plot', 'compared'],
    says: /plot: compared is the folder of a comparison.*\n {2}Its figures are in compared\/report\.html/,
  },
  { args: ['peak', 'compared'], says: /peak: compared is the folder of a comparison/ },
  {
    args: ['compare', 'fedavg', '--trials', '1', '--rounds', '2', '--out', '/proc/x'],
    says: /cannot make the folder for the results, \/proc\/x: ENOENT.*\n {2}Name another one with --out/,
  },
  {
    args: ['run', '--out', '/proc/x', '--', 'true'],
    says: /cannot record into \/proc\/x: ENOENT.*\n {2}Check the name, and that the folder exists/,
  },
  {
    args: ['plot', 'rounds.csv', '-o', '/proc/x.svg'],
    says: /cannot write \/proc\/x\.svg: ENOENT.*\n {2}Name a file in a folder that exists and can be written to/,
  },
  {
    args: ['diff', 'rounds.csv', 'rounds.csv', '-o', '/proc/x.svg'],
    says: /cannot write \/proc\/x\.svg: ENOENT.*\n {2}Name a file/,
  },
  {
    args: ['submit', '--slurm', '-o', '/proc/x.sh', '--', 'fedavg'],
    says: /cannot write \/proc\/x\.sh: ENOENT.*\n {2}Name a file/,
  },
  { args: ['run', '--rate', '10', '--interval', '5ms', '--', 'true'], says: /--rate.*--interval|--interval.*--rate/ },
  { args: ['analyze', 'rounds.csv', '--column', 'none'], says: /expected a column "none", as --column asks/ },
  {
    args: ['analyze', 'rounds.csv', '--round-column', 'none'],
    says: /expected a column "none", as --round-column asks/,
  },
  { args: ['analyze', 'rounds.csv', '--time-column', 'none'], says: /expected a column "none", as --time-column asks/ },
  { args: ['analyze', 'rounds.csv', '--series', 'none'], says: /expected a column "none", as --series asks/ },
  { args: ['analyze', 'rounds.csv', '--where', 'round'], says: /--where: found "round", expected COLUMN=VALUE/ },
  { args: ['analyze', 'rounds.csv', '--where', 'phase=end'], says: /expected a column "phase", as --where asks/ },
  {
    args: ['analyze', 'no-memory.csv'],
    says: /no-memory\.csv holds 3 rounds and no reading of memory in any of them\n {2}It was read: rounds from "round"/,
  },
  ...['__proto__', 'prototype', 'constructor', 'toString'].map((name) => ({
    args: ['compare', '--command', `echo {${name}}`, '-L', name, '1,2'],
    says: /settings: found .*, expected names other than those of every object/,
  })),
  { args: ['analyze', 'deep.json'], says: /deep\.json holds 1 round and no reading of memory/ },
  { args: ['analyze', 'rounds.csv', '--where', 'round=900'], says: /no row has round=900, as --where asks/ },
  {
    args: ['analyze', 'rounds.csv', '--unit', 'furlongs'],
    says: /--unit: found "furlongs", expected one of bytes, KB, KiB/,
  },
  {
    args: ['analyze', 'rounds.csv', '--unit', 'GiB', '--in-round', 'first'],
    says: /--in-round: found "first", expected one of last, highest, median/,
  },
  { args: ['analyze', 'control.csv'], says: /line 3: found "2,\\u001b\[2J\\u001b\]0;taken\\u0007", expected a number/ },
  { args: ['analyze', 'binary.bin'], says: /binary\.bin is no text/ },
  { args: ['analyze', 'book.xlsx'], says: /is a ZIP archive or an Excel workbook.*\n {2}.*save the sheet as CSV/ },
  { args: ['analyze', 'table.parquet'], says: /is a Parquet file.*\n {2}Write it as CSV/ },
  { args: ['analyze', '/dev/null'], says: /\/dev\/null is empty, expected a recording/ },
  { args: ['export', 'rounds.csv', '--csv'], says: /rounds\.csv is a file, expected the folder of a recording/ },
  { args: ['plot', 'rounds.csv', 'times.csv'], says: /no axis in common/ },
  {
    args: ['analyze', 'rounds.csv', '--horizon', '-1'],
    says: /--horizon: found "-1", expected a number of rounds such as 5000/,
  },
  { args: ['analyze', 'metrics.txt'], says: /metrics\.txt is OpenMetrics.*\n {2}.*tidemark export FOLDER --csv/ },
  {
    args: ['plot', 'rounds.csv', '-o', 'none/x.svg'],
    says: /cannot write none\/x\.svg: there is no folder none\n {2}Make it first/,
  },
  { args: ['plot', 'rounds.csv', '-o', 'x.pdf'], says: /--out: found "x\.pdf", expected a name that ends in \.svg/ },
  { args: ['plot', 'rounds.csv', '--window', '20,5'], says: /--window: found "20,5", expected two times/ },
  { args: ['peak', 'rounds.csv', '--func', 'train'], says: /times no function\n {2}mprof times functions/ },
  { args: ['export', 'compared'], says: /no format was named, expected one of --csv/ },
  { args: ['export', 'compared', '--csv', '--parquet'], says: /found --csv, --parquet, expected one of them/ },
  { args: ['attach', '-1'], says: /there is no process named "-1"\n {2}Names are those of programs and scripts/ },
  { args: ['attach', '0'], says: /there is no process 0\n {2}ps -e lists what runs/ },
  { args: ['tune', 'all', '--limit', '1GiB'], says: /all is 4 jobs, and one is tuned at a time\n {2}Name one of them/ },
  { args: ['run', '--', 'nosuchprogram'], says: /there is no program "nosuchprogram"\n {2}Check its name/ },
  {
    args: ['run', '--rounds', '[', '--', 'true'],
    says: /--rounds: "\[" is neither a preset \(nvflare, .*nor a regular/,
  },
  {
    args: ['run', '--out', 'rounds.csv', '--', 'true'],
    says: /rounds\.csv is there already.*\n {2}Name another folder/,
  },
  {
    args: ['compare', 'three.memory.ts'],
    says: /three\.memory\.ts: the definition: found 3, expected an object of keys/,
  },
  {
    args: ['compare', 'rounds.csv'],
    says: /rounds\.csv is no suite: expected a file that ends in \.ts.*\n {2}.*: tidemark analyze rounds\.csv/,
  },
  {
    args: ['check'],
    says: /check: no job was named.*\n {2}Name .*: tidemark check fedavg, or tidemark check --command/,
  },
  {
    args: ['submit', '--slurm', '--'],
    says: /submit: no job was named.*\n {2}Name .*: tidemark submit --slurm -- fedavg/,
  },
  { args: ['check', '--command', 'true', '--load', 'true'], says: /check: --load needs --ready.*\n {2}For example/ },
  { args: ['check', 'fedavg', '--ready', 'x'], says: /check: --ready belongs to --command/ },
  {
    args: ['compare', '--resume', 'compared'],
    says: /compared has no plan\.json, without which it cannot be continued\n {2}.*tidemark show compared/,
  },
  {
    args: ['compare', '--resume', 'torn'],
    says: /torn holds no comparison that can be read.*\n {2}torn\/plan\.json is damaged/,
  },
  {
    args: ['diff', 'unread', 'rounds.csv'],
    says: /unread holds neither a round nor a reading of memory\n {2}The program may have ended before the first/,
  },
  { args: ['plot', 'unread'], says: /unread holds no reading\n {2}The program may have ended before the first/ },
  { args: ['compare', 'nosuch'], says: /there is no algorithm, file or folder "nosuch"\n {2}Known: fedavg/ },
  { args: ['compare', 'fedavg', '--shard', '3/2'], says: /--shard: found "3\/2", expected I\/N with I from 1 to N/ },
  { args: ['compare', '--command', 'echo {x}', '--trials', '1'], says: /\{x\} has no value\. Give it some/ },
  { args: ['check', 'fedavg', '--baseline', 'none'], says: /there is no baseline none\n {2}Write one first/ },
  {
    args: ['compare', 'fedavg', '--min-clients', '5'],
    says: /--min-clients is 5, and a round draws 2 of 2 clients\n {2}Give --min-clients 2 or less/,
  },
  { args: ['compare', 'cyclic', '--clients', '1'], says: /the job has 1\n {2}Give --clients 2 or more/ },
  { args: ['compare', 'cyclic', '--order', 'site-1,site-3'], says: /--order names site-3, and .* has site-1, site-2/ },
  { args: ['compare', 'swarm', '--rotation', 'me'], says: /--rotation names me, and .* site-1, site-2, site-3\n/ },
  { args: ['compare', 'scaffold', '--weighting', 'examples', '--sample', '0.5'], says: /Use --weighting uniform/ },
  { args: ['tune', 'fedavg', '--limit', '1GiB', '--min-clients', '3'], says: /a round draws 2 of 2 clients/ },
  { args: ['submit', '--slurm', '--', 'fedavg', '--min-clients', '3'], says: /a round draws 2 of 2 clients/ },
  { args: ['tune', 'fedavg'], says: /no limit was given\n {2}For example: tidemark tune fedavg --limit 2GiB/ },
  { args: ['list', 'compared'], says: /list: too many arguments/ },
  { args: ['rm', 'rounds.csv'], says: /is a table, and not a recording.*\n {2}Nothing was removed/ },
  { args: ['rm', 'compared'], says: /compared is no comparison.*\n {2}Nothing was removed/ },
  { args: ['clean', '--keep', '3'], says: /unknown option '--keep'/ },
  { args: ['merge', 'compared'], says: /one folder alone was named\n {2}Name two or more/ },
  { args: ['submit', 'fedavg'], says: /found neither --slurm nor --kubernetes, expected one of them/ },
  {
    args: ['server', '--tls-cert', 'none.pem'],
    says: /--tls-cert is given alone\n {2}Give --tls-cert and --tls-key together/,
  },
  {
    args: ['server', '--min-clients', '5', '--clients', '2'],
    says: /--min-clients is 5, and a round draws 2 of 2 clients\n {2}Give --min-clients 2 or less/,
  },
  { args: ['client'], says: /a client needs the address of its server\n {2}Give --server/ },
  {
    args: ['client', '--server', 'ftp://x'],
    env: { TIDEMARK_TOKEN: 'x' },
    says: /"ftp:\/\/x" is not the address of a server\n {2}Give --server as the server prints it/,
  },
  {
    args: ['peer', '--coordinator', 'http://127.0.0.1:1'],
    says: /a peer needs the join token of its swarm\n {2}Set TIDEMARK_TOKEN/,
  },
  { args: ['coordinator', '--port', '-1'], says: /--port: found "-1", expected a whole number from 0 to 65535/ },
  { args: ['doctor', 'extra'], says: /doctor: too many arguments/ },
  { args: ['analyse'], says: /there is no verb "analyse"\n {2}Did you mean "analyze"/ },
]

test.each(WRONG)('tidemark $args', async ({ args, env, says }) => {
  const { code, stdout, stderr } = await runTidemark(args, { cwd, ...(env && { env }) })
  expect(stderr).toMatch(says)
  expect(code).toBe(2)
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
  expect(`${stdout}${stderr}`).not.toContain('\u001b')
})

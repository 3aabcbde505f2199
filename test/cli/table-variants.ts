import { gzipSync } from 'node:zlib'

/** A table as people bring it, and what a careful reader says of it. */
export interface TableVariant {
  /** What is special, as a plain sentence; also the name of the file. */
  name: string
  content: string | Buffer
  args?: string[]
  /** Growth of the first series in MiB a round, or a minute where the table has times alone; within 12 %. */
  growsMib?: number
  growsMibPerMinute?: number
  /** How many series there are, and which of them grow; one that grows where left out. */
  series?: number
  growing?: string[]
  /** The message of a refusal. */
  refused?: RegExp
  /** What a note must say. */
  note?: RegExp
}

const ROUNDS = 40
/** The same on every run, and without a period that would be judged a saw-tooth. */
const noise = (i: number) => ((Math.sin(i * 12.9898) * 43_758.5453) % 1) / 2
/** 500 MiB and 3 MiB more each round. */
export const grown = (i: number, slope = 3, start = 500) => start + slope * i + noise(i)
export const flat = (i: number, level = 300) => level + noise(i + 100)
export const indices = Array.from({ length: ROUNDS }, (_, i) => i)
export const kib = (mib: number) => Math.round(mib * 256) * 4
export const bytes = (mib: number) => Math.round(mib * 256) * 4096
export const table = (header: string, row: (i: number) => string, separator = '\n') =>
  [header, ...indices.map(row), ''].filter((line, i) => i > 0 || line !== '').join(separator)
export const START = Date.UTC(2026, 2, 3, 8, 15, 0)
export const at = (i: number, stepSeconds = 30) => new Date(START + i * stepSeconds * 1000)
export const iso = (i: number, stepSeconds = 30) => at(i, stepSeconds).toISOString().slice(0, 19).replace('T', ' ')
export const two = (value: number) => String(value).padStart(2, '0')
/** 3 MiB a row of 30 s is 6 MiB a minute. */
export const PER_MINUTE = 6

const roundNames = [
  'Round',
  'rounds',
  'round_number',
  'round_idx',
  'roundId',
  'fl_round',
  'current_round',
  'global_round',
  'communication_round',
  'Comm Round',
  'Round Nr.',
  'Server Round',
  'training/round',
  'epoch',
  'Epoch #',
  'iteration',
  'iter',
  'global_step',
  '_step',
  'trainer/global_step',
  'cycle',
  'index',
]
const memoryNames = [
  'RSS (MiB)',
  'rss_mib',
  'memory_mib',
  'Memory Usage (MiB)',
  'mem_usage_mib',
  'ram_used_mib',
  'RAM [MiB]',
  'process.memory.rss_mib',
  'memMiB',
  'rssMiB',
  'server_rss_mib',
  'Resident Memory (MiB)',
  'end_rss_mib',
]
const byteNames = [
  'rss_bytes',
  '_rss_bytes',
  'process_resident_memory_bytes',
  'container_memory_rss',
  'memory.rss',
  'RSS',
  'container_memory_working_set_bytes',
]

const named: TableVariant[] = [
  ...roundNames.map(
    (name): TableVariant => ({
      name: `rounds from ${name}`,
      content: table(`${name},rss_mib`, (i) => `${i + 1},${grown(i)}`),
      growsMib: 3,
    }),
  ),
  ...memoryNames.map(
    (name): TableVariant => ({
      name: `memory from ${name}`,
      content: table(`round,${name},cpu_percent,loss`, (i) => `${i},${grown(i)},${i % 7},${1 / (i + 1)}`),
      growsMib: 3,
    }),
  ),
  ...byteNames.map(
    (name): TableVariant => ({
      name: `bytes from ${name}`,
      content: table(`round,${name},threads`, (i) => `${i},${bytes(grown(i))},12`),
      growsMib: 3,
    }),
  ),
  {
    name: 'KiB of VmRSS',
    content: table('round,VmSize,VmRSS', (i) => `${i},${kib(2000)},${kib(grown(i))}`),
    growsMib: 3,
  },
  {
    name: 'KiB by values',
    content: table('round,rss', (i) => `${i},${kib(grown(i)) * 16}`),
    growsMib: 48,
    note: /KiB, by its values/,
  },
  {
    name: 'virtual beside real memory',
    content: table('round,vms_mib,rss_mib', (i) => `${i},${8000 + 40 * i},${grown(i)}`),
    growsMib: 3,
  },
  {
    name: 'percentages beside memory',
    content: table('round,memory_percent,mem_mib', (i) => `${i},${20 + i},${grown(i)}`),
    growsMib: 3,
  },
  {
    name: 'begin and end of a round in columns',
    content: table('round,rss_before_mib,rss_after_mib', (i) => `${i},${flat(i)},${grown(i)}`),
    growsMib: 3,
  },
  {
    name: 'peak and end in columns',
    content: table('round,peak_rss_mib,rss_mib', (i) => `${i},${flat(i, 900)},${grown(i)}`),
    growsMib: 3,
  },
  {
    name: 'epochs that repeat and steps that continue',
    content: table('epoch,step,rss_mib', (i) => `${Math.floor(i / 8)},${i},${grown(i)}`),
    growsMib: 3,
  },
  {
    name: 'tensorboard',
    content: table('Wall time,Step,Value', (i) => `${START / 1000 + 30 * i}.123,${i},${bytes(grown(i))}`),
    growsMib: 3,
  },
  {
    name: 'wandb history with three positions',
    content: table(
      '_step,_runtime,_timestamp,system.proc.memory.rssMB,system.proc.memory.percent,system.memory',
      (i) => `${i},${30 * i},${START / 1000 + 30 * i},${grown(i)},${i},${30 + i}`,
    ),
    growsMib: 2.86,
  },
  {
    name: 'wandb with two runs',
    content: table(
      '"Step","calm-fog-1 - system/proc.memory.rssMB","calm-fog-1 - system/proc.memory.rssMB__MIN","brave-sun-2 - system/proc.memory.rssMB","brave-sun-2 - system/proc.memory.rssMB__MIN"',
      (i) => `"${i}","${flat(i)}","${flat(i)}","${grown(i)}","${grown(i)}"`,
    ),
    series: 2,
    growing: ['brave-sun-2'],
  },
  {
    name: 'memory alone with a header',
    content: table('rss_mib', (i) => `${grown(i)}`),
    growsMib: 3,
    note: /each row as a round/,
  },
  { name: 'memory alone without a header', content: table('', (i) => `${grown(i)}`), growsMib: 3 },
  {
    name: 'an index that pandas left without a name',
    content: table(',rss_mib', (i) => `${i},${grown(i)}`),
    growsMib: 3,
  },
  {
    name: 'an index beside rounds',
    content: table('Unnamed: 0,round,rss_mib', (i) => `${i},${i * 2},${grown(i)}`),
    growsMib: 1.5,
  },
  {
    name: 'row names of R',
    content: table('"round" "rss_mib"', (i) => `"${i + 1}" ${i} ${grown(i).toFixed(2)}`),
    growsMib: 3,
  },
]

const timed: TableVariant[] = [
  {
    name: 'Unix microseconds',
    content: table('ts,rss_mib', (i) => `${(START + 30_000 * i) * 1000},${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'Unix nanoseconds',
    content: table('time,rss_mib', (i) => `${START + 30_000 * i}000000,${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'Unix seconds with a fraction',
    content: table('time,rss_mib', (i) => `${START / 1000 + 30 * i}.25,${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'Unix seconds in a column called step',
    content: table('step,rss_mib', (i) => `${START / 1000 + 30 * i},${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'days first with dots',
    content: table('time,rss_mib', (i) => `${two(at(i).getUTCDate())}.03.2026 ${iso(i).slice(11)},${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'months first and twelve hours',
    content: table(
      'time,rss_mib',
      (i) =>
        `3/3/2026 ${at(i).getUTCHours() % 12 || 12}:${two(at(i).getUTCMinutes())}:${two(at(i).getUTCSeconds())} AM,${grown(i)}`,
    ),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'names of zones',
    content: table('time,rss_mib', (i) => `${iso(i)} CET,${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'offsets of zones',
    content: table('time,rss_mib', (i) => `${iso(i).replace(' ', 'T')}.250+02:00,${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'what date prints',
    content: table('time,rss_mib', (i) => `Tue Mar  3 ${iso(i).slice(11)} UTC 2026,${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'dates of access logs',
    content: table('time,rss_mib', (i) => `03/Mar/2026:${iso(i).slice(11)} +0000,${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'dates without separators',
    content: table('time,rss_mib', (i) => `${iso(i).replaceAll(/[-: ]/g, '')},${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'date and time of day in two columns',
    content: table('Date,Time,rss_mib', (i) => `${iso(i).slice(0, 10)},${iso(i).slice(11)},${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'a time of day past midnight',
    content: table(
      'time,rss_mib',
      (i) => `${new Date(Date.UTC(2026, 0, 1, 23, 50) + 30_000 * i).toISOString().slice(11, 19)},${grown(i)}`,
    ),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'elapsed hours minutes and seconds',
    content: table('elapsed,rss_mib', (i) => `${two(Math.floor(i / 2))}:${two((i % 2) * 30)},${grown(i)}`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'the clock is set back',
    content: table(
      'time,rss_mib',
      (i) =>
        `${new Date(START + 30_000 * i - (i < 20 ? 0 : 3_600_000)).toISOString().slice(0, 19).replace('T', ' ')},${grown(i)}`,
    ),
    growsMibPerMinute: PER_MINUTE,
    note: /set back by an hour/,
  },
  {
    name: 'newest first',
    content: table('time,rss_mib', (i) => `${iso(ROUNDS - i)},${grown(ROUNDS - i)}`),
    growsMibPerMinute: PER_MINUTE,
    note: /newest row comes first/,
  },
  {
    name: 'a sampler that writes the round beside each reading',
    content: table('time,round,rss_mib', (i) => `${30 * i},${Math.floor(i / 2)},${grown(i)}`),
    growsMib: 6,
    note: /the last is taken/,
  },
  {
    name: 'times and rounds of unlike length',
    content: table('time,round,rss_mib', (i) => `${i * i},${i},${grown(i)}`),
    growsMib: 3,
  },
  {
    name: 'a round that is a moment',
    content: table('round,rss_mib', (i) => `${START / 1000 + 30 * i},${grown(i)}`),
    refused: /moment in Unix time and no round.*--time-column round/s,
  },
  {
    name: 'two runs one after the other by time',
    content: `${table('time,rss_mib', (i) => `${i},${grown(i)}`)}${table('', (i) => `${i},${grown(i)}`)}`,
    series: 2,
    growing: ['run 1 of 2', 'run 2 of 2'],
  },
  {
    name: 'the header again in the middle',
    content: `${table('round,rss_mib', (i) => `${i},${grown(i)}`)}${table('round,rss_mib', (i) => `${i + ROUNDS},${grown(i + ROUNDS)}`)}`,
    growsMib: 3,
  },
]

const celled: TableVariant[] = [
  {
    name: 'cells of sacct',
    content: table('JobID|MaxRSS|Elapsed', (i) => `412_${i}|${kib(grown(i))}K|00:0${(i * 7) % 5}:10`),
    growsMib: 3,
  },
  {
    name: 'cells of top',
    content: table('round;RES;VIRT', (i) => `${i};${(1.4 + 0.01 * i).toFixed(2)}g;8.2g`),
    growsMib: 10.24,
  },
  {
    name: 'cells of Kubernetes',
    content: table('round,MEMORY(bytes)', (i) => `${i},${Math.round(grown(i))}Mi`),
    growsMib: 3,
  },
  { name: 'cells of proc', content: table('round,VmRSS', (i) => `${i},${kib(grown(i))} kB`), growsMib: 3 },
  {
    name: 'thousands between quotes',
    content: table('round,rss_kib', (i) => `${i},"${kib(grown(i)).toLocaleString('en-US')}"`),
    growsMib: 3,
  },
  {
    name: 'thousands with points and decimal commas',
    content: table('round;rss_kib', (i) => `${i};${kib(grown(i)).toLocaleString('de-DE')},0`),
    growsMib: 3,
  },
  {
    name: 'tabs and decimal commas',
    content: table('round\trss_mib', (i) => `${i}\t${grown(i).toFixed(1).replace('.', ',')}`),
    growsMib: 3,
  },
  {
    name: 'decimal commas between commas',
    content: table('round,rss_mib', (i) => `${i},${Math.floor(grown(i))},${i % 10}`),
    refused: /which has 3 cells, expected 2.*semicolons/s,
  },
  {
    name: 'Excel tells its separator',
    content: `sep=;\r\n${table('round;rss_mib', (i) => `${i};${grown(i)}`, '\r\n')}`,
    growsMib: 3,
  },
  {
    name: 'Markdown',
    content: `| round | rss_mib |\n|---|---:|\n${table('', (i) => `| ${i} | ${grown(i)} |`)}`,
    growsMib: 3,
  },
  {
    name: 'comments before the header',
    content: `# host: a\n# job, b\n${table('round,rss_mib', (i) => `${i},${grown(i)}`)}`,
    growsMib: 3,
  },
  {
    name: 'lines that end in a return alone',
    content: table('round,rss_mib', (i) => `${i},${grown(i)}`, '\r'),
    growsMib: 3,
  },
  {
    name: 'missing values in many spellings',
    content: table(
      'round,rss_mib',
      (i) => `${i},${i % 3 === 1 ? ['#N/A', 'nil', '--', '<NA>', 'NULL', 'Unknown'][i % 6] : grown(i)}`,
    ),
    growsMib: 3,
  },
  {
    name: 'zeros that are no memory',
    content: table('round,rss_bytes', (i) => `${i},${i % 5 === 2 ? 0 : bytes(grown(i))}`),
    growsMib: 3,
    note: /memory of 0 stands for a reading that failed/,
  },
  { name: 'rounds in words', content: table('round,rss_mib', (i) => `Round ${i}/40,${grown(i)}`), growsMib: 3 },
  { name: 'rounds as floating point', content: table('round,rss_mib', (i) => `${i}.0,${grown(i)}`), growsMib: 3 },
  {
    name: 'UTF-16 with the high byte first',
    content: Buffer.from(`\ufeff${table('round,rss_mib', (i) => `${i},${grown(i)}`)}`, 'utf16le').swap16(),
    growsMib: 3,
  },
  { name: 'packed by gzip', content: gzipSync(table('round,rss_mib', (i) => `${i},${grown(i)}`)), growsMib: 3 },
  {
    name: 'JSON packed by gzip',
    content: gzipSync(JSON.stringify(indices.map((i) => ({ round: i, rss_mib: grown(i) })))),
    growsMib: 3,
  },
  {
    name: 'memory that may be a share',
    content: table('round,memory', (i) => `${i},${20 + i / 4}`),
    refused: /may be MiB, GiB or a percentage.*--unit/s,
  },
  {
    name: 'percent signs in the cells',
    content: table('round,memory', (i) => `${i},${20 + i / 4}%`),
    refused: /percentage is no amount of memory/,
  },
  {
    name: 'virtual memory alone',
    content: table('round,vsz_mib', (i) => `${i},${grown(i)}`),
    refused: /virtual memory \("vsz_mib"\) is address space/,
  },
  {
    name: 'losses and no memory',
    content: table('round,train_loss,accuracy', (i) => `${i},${1 / (i + 1)},${i / 40}`),
    refused: /expected a column "rss"/,
  },
  {
    name: 'more than any machine has',
    content: table('round,rss_mib', (i) => `${i},${bytes(grown(i))}`),
    refused: /more than any machine has.*--unit/s,
  },
  {
    name: 'bytes or KiB',
    content: table('round,rss', (i) => `${i},${9_000_001 + 2001 * i}`),
    refused: /can be KiB as well as bytes.*--unit/s,
  },
  {
    name: 'pages, whose size depends on the machine',
    content: table('round,rss_pages', (i) => `${i},${Math.round(bytes(grown(i)) / 4096)}`),
    refused: /counts pages, and how many bytes that is depends on the machine.*--unit/s,
  },
  {
    name: 'pages under a name without memory',
    content: table('round,pages', (i) => `${i},${Math.round(bytes(grown(i)) / 4096)}`),
    refused: /counts pages/,
  },
  {
    name: 'blocks',
    content: table('round,memory_blocks', (i) => `${i},${Math.round(bytes(grown(i)) / 512)}`),
    refused: /counts blocks/,
  },
  {
    name: 'pages with the unit',
    content: table('round,rss_pages', (i) => `${i},${Math.round(bytes(grown(i)) / 4096)}`),
    args: ['--unit', 'pages'],
    growsMib: 3,
  },
  {
    name: 'megabytes spelled out, one of them',
    content: table('round,rss_megabyte', (i) => `${i},${(bytes(grown(i)) / 1e6).toFixed(3)}`),
    growsMib: 3,
  },
  {
    name: 'bytes or KiB with the unit',
    content: table('round,rss', (i) => `${i},${kib(grown(i)) * 16 + 1}`),
    args: ['--unit', 'KiB'],
    growsMib: 48,
  },
]

const several: TableVariant[] = [
  {
    name: 'clients',
    content: table('round,client_id,rss_mib', (i) => `${i},site-1,${grown(i)}\n${i},site-2,${flat(i)}`),
    series: 2,
    growing: ['site-1'],
  },
  {
    name: 'numbers of processes',
    content: table('timestamp,pid,rss_mib', (i) => `${iso(i)},10,${flat(i)}\n${iso(i)},11,${grown(i)}`),
    series: 2,
    growing: ['pid 11'],
  },
  {
    name: 'containers of docker',
    content: table(
      'timestamp,container,mem_usage',
      (i) =>
        `${iso(i)},server,${grown(i).toFixed(1)}MiB / 7.5GiB\n${iso(i)},client-1,${flat(i).toFixed(1)}MiB / 7.5GiB`,
    ),
    series: 2,
    growing: ['server'],
  },
  {
    name: 'docker stats again and again',
    content: indices
      .map(
        (i) =>
          `CONTAINER ID   NAME     CPU %   MEM USAGE / LIMIT     MEM %\nabc${1}     server   1.00%   ${grown(i).toFixed(1)}MiB / 7.5GiB   6.50%\nabd2     client   0.10%   ${flat(i).toFixed(1)}MiB / 7.5GiB   4.00%\n`,
      )
      .join(''),
    series: 2,
    growing: ['abc1 server'],
  },
  {
    name: 'kubectl top again and again',
    content: indices
      .map(
        (i) =>
          `NAME        CPU(cores)   MEMORY(bytes)\nserver-0    12m          ${Math.round(grown(i))}Mi\nclient-0    3m           ${Math.round(flat(i))}Mi\n`,
      )
      .join(''),
    series: 2,
    growing: ['server-0'],
  },
  {
    name: 'pidstat',
    content: `Linux 6.1.0 (host) \t03/03/2026 \t_x86_64_\t(8 CPU)\n\n${indices.map((i) => `${iso(i).slice(11)}      UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command\n${iso(i).slice(11)}        0       100      1.00      0.00  900000  ${kib(grown(i))}   5.00  python3\n${iso(i).slice(11)}        0       200      1.00      0.00  900000  ${kib(flat(i))}   5.00  nginx\n\n`).join('')}`,
    series: 2,
    growing: ['python3'],
  },
  {
    name: 'ps with its own header each time',
    content: indices
      .map(
        (i) =>
          `  PID    RSS    VSZ COMMAND\n  100 ${kib(grown(i))} 900000 python3 server.py --port 8080\n  200 ${kib(flat(i))} 900000 nginx: worker process\n`,
      )
      .join(''),
    series: 2,
    growing: ['python3'],
  },
  {
    name: 'label sets of Prometheus',
    content: table(
      '"Time","process_resident_memory_bytes{instance=""a:80"", job=""fl""}","process_resident_memory_bytes{instance=""b:80"", job=""fl""}"',
      (i) => `${iso(i)},${bytes(flat(i))},${bytes(grown(i))}`,
    ),
    series: 2,
    growing: ['b'],
  },
  {
    name: 'Prometheus by its HTTP API',
    content: JSON.stringify({
      status: 'success',
      data: {
        resultType: 'matrix',
        result: ['a', 'b'].map((pod) => ({
          metric: { __name__: 'container_memory_rss', pod },
          values: indices.map((i) => [START / 1000 + 30 * i, String(bytes(pod === 'a' ? grown(i) : flat(i)))]),
        })),
      },
    }),
    series: 2,
    growing: ['a'],
  },
  {
    name: 'roles side by side',
    content: table('round,server_rss_mib,client_rss_mib', (i) => `${i},${grown(i)},${flat(i)}`),
    series: 2,
    growing: ['server'],
  },
  {
    name: 'the total of clients',
    content: table('round,client,rss_mib', (i) => `${i},site-1,${grown(i)}\n${i},site-2,${grown(i)}`),
    args: ['--sum'],
    growsMib: 6,
    note: /the total of 2 series: site-1, site-2/,
  },
  {
    name: 'the total of processes at unlike times',
    content: table('time,pid,rss_mib', (i) => `${30 * i},1,${grown(i)}\n${30 * i + 7},2,${grown(i)}`),
    args: ['--sum'],
    growsMibPerMinute: 2 * PER_MINUTE,
  },
  {
    name: 'one client of several',
    content: table('round,client,rss_mib', (i) => `${i},site-1,${flat(i)}\n${i},site-2,${grown(i)}`),
    args: ['--where', 'client=site-2'],
    growsMib: 3,
  },
  {
    name: 'clients in a column of another name',
    content: table('round,who,rss_mib', (i) => `${i},alpha,${flat(i)}\n${i},beta,${grown(i)}`),
    refused: /which "who" tells apart \(alpha, beta\).*--series who/s,
  },
  {
    name: 'the same with the column named',
    content: table('round,who,rss_mib', (i) => `${i},alpha,${flat(i)}\n${i},beta,${grown(i)}`),
    args: ['--series', 'who'],
    series: 2,
    growing: ['beta'],
  },
  {
    name: 'phases of a round',
    content: table('round,stage,rss_mib', (i) => `${i},before,${flat(i)}\n${i},after,${grown(i)}`),
    refused: /which "stage" tells apart.*--where stage=after/s,
  },
  {
    name: 'phases under another name',
    content: table(
      'round,what,rss_mib',
      (i) => `${i},start,${flat(i)}\n${i},aggregate,${flat(i, 700)}\n${i},end,${grown(i)}`,
    ),
    refused: /--where what=end/,
  },
  {
    name: 'one phase of a round',
    content: table('round,stage,rss_mib', (i) => `${i},before,${flat(i)}\n${i},after,${grown(i)}`),
    args: ['--where', 'stage=after'],
    growsMib: 3,
  },
  {
    name: 'rounds that repeat without a reason',
    content: table('round,rss_mib', (i) => `${i},${flat(i)}\n${i},${grown(i)}`),
    refused: /same round in several rows.*--in-round/s,
  },
  {
    name: 'the highest of each round',
    content: table('round,rss_mib', (i) => `${i},${flat(i)}\n${i},${grown(i)}`),
    args: ['--in-round', 'highest'],
    growsMib: 3,
  },
  {
    name: 'restarts of the rounds',
    content: `${table('round,rss_mib', (i) => `${i},${grown(i)}`)}${table('', (i) => `${i},${grown(i)}`)}`,
    series: 2,
    growing: ['run 1 of 2', 'run 2 of 2'],
  },
  {
    name: 'rounds in the order of text',
    content: table('round,rss_mib', (i) => {
      const round = [...indices].sort((a, b) => (String(a) < String(b) ? -1 : 1))[i]!
      return `${round},${grown(round)}`
    }),
    growsMib: 3,
  },
]

const json: TableVariant[] = [
  {
    name: 'JSON lines',
    content: indices.map((i) => `${JSON.stringify({ round: i, server: { rss_mib: grown(i), cpu: 3 } })}\n`).join(''),
    growsMib: 3,
  },
  {
    name: 'JSON lines of clients',
    content: indices
      .map(
        (i) =>
          `${JSON.stringify({ round: i, client: 'a', rss_mib: grown(i) })}\n${JSON.stringify({ round: i, client: 'b', rss_mib: flat(i) })}\n`,
      )
      .join(''),
    series: 2,
    growing: ['a'],
  },
  {
    name: 'columns by name',
    content: JSON.stringify({ round: indices, rss_mib: indices.map((i) => grown(i)) }),
    growsMib: 3,
  },
  {
    name: 'columns of pandas',
    content: JSON.stringify({
      round: Object.fromEntries(indices.map((i) => [i, i])),
      rss_mib: Object.fromEntries(indices.map((i) => [i, grown(i)])),
    }),
    growsMib: 3,
  },
  {
    name: 'pandas with its split',
    content: JSON.stringify({ columns: ['round', 'rss_mib'], index: indices, data: indices.map((i) => [i, grown(i)]) }),
    growsMib: 3,
  },
  {
    name: 'rounds by their number',
    content: JSON.stringify(Object.fromEntries(indices.map((i) => [i, { rss_mib: grown(i) }]))),
    growsMib: 3,
  },
  {
    name: 'a table within an object',
    content: JSON.stringify({
      config: { clients: 2 },
      history: indices.map((i) => ({ server_round: i, memory_mib: grown(i) })),
    }),
    growsMib: 3,
  },
  { name: 'an array of numbers', content: JSON.stringify(indices.map((i) => grown(i))), growsMib: 3 },
  {
    name: 'missing values of Python',
    content: `[${indices.map((i) => `{"round": ${i}, "rss_mib": ${i === 5 ? 'NaN' : grown(i)}}`).join(', ')}]`,
    growsMib: 3,
  },
  { name: 'JSON without a table', content: '{"a": 1}', refused: /JSON without a table/ },
  { name: 'JSON that is broken off', content: '[{"round": 1, "rss_mib": 3}, {"rou', refused: /is no JSON/ },
]

export const TABLE_VARIANTS: readonly TableVariant[] = [...named, ...timed, ...celled, ...several, ...json]

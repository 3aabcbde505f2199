import {
  at,
  bytes,
  flat,
  grown,
  indices,
  iso,
  kib,
  PER_MINUTE,
  START,
  type TableVariant,
  table,
  two,
} from './table-variants.js'

const clock12 = (i: number) => `${two(at(i).getUTCHours() % 12 || 12)}:${iso(i).slice(14)} AM`
const loop = (block: (i: number) => string) => indices.map(block).join('')
const TOP_HEAD = `Tasks: 100 total,   1 running,  99 sleeping,   0 stopped,   0 zombie
%Cpu(s):  1.0 us,  0.5 sy,  0.0 ni, 98.5 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st
MiB Mem :  15884.0 total,   9000.0 free,   3000.0 used,   3884.0 buff/cache
MiB Swap:   2048.0 total,   2048.0 free,      0.0 used.  12000.0 avail Mem
`

/** What loops of tools, loggers, dashboards and spreadsheets write, as it comes. */
export const VARIANTS_OF_TOOLS: readonly TableVariant[] = [
  {
    name: 'top in batches',
    content: loop(
      (i) =>
        `top - ${iso(i).slice(11)} up 10 days,  3:02,  1 user,  load average: 0.10, 0.20, 0.30\n${TOP_HEAD}\n    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n   4127 fl        20   0 2200000 ${kib(grown(i))}  20000 S  10.0   3.1   1:0${i % 10}.10 python3\n\n`,
    ),
    growsMibPerMinute: PER_MINUTE,
    note: /"RES" \(KiB\)/,
  },
  {
    name: 'ps below the date',
    content: loop(
      (i) => `Tue Mar  3 ${iso(i).slice(11)} UTC 2026\n  PID   RSS COMMAND\n 4127 ${kib(grown(i))} python3 server.py\n`,
    ),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'ps below a date in a frame',
    content: loop(
      (i) => `=== ${iso(i)} ===\n  PID   RSS COMMAND\n 4127 ${kib(grown(i))} python3\n 4130 ${kib(flat(i))} python3\n`,
    ),
    series: 2,
    growing: ['4127'],
  },
  {
    name: 'ps below Unix seconds',
    content: loop((i) => `${START / 1000 + 30 * i}\n  PID   RSS COMMAND\n 4127 ${kib(grown(i))} python3\n`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'bytes alone that look like Unix seconds',
    content: loop((i) => `${bytes(grown(i, 3, 1100))}\n`),
    growsMib: 3,
  },
  {
    name: 'numbers under the names of clients that may be accuracies',
    content: table('round,site-1,site-2', (i) => `${i},${60 + i / 2},${61 + i / 3}`),
    refused: /expected a column "rss"/,
  },
  {
    name: 'a column of MiB for each client',
    content: table('round;site-1;site-2', (i) => `${i};${flat(i).toFixed(2)};${grown(i).toFixed(2)}`),
    series: 2,
    growing: ['site-2'],
  },
  {
    name: 'VmRSS again and again',
    content: loop((i) => `VmRSS:\t  ${kib(grown(i))} kB\n`),
    growsMib: 3,
  },
  {
    name: 'lines of a status below the date',
    content: loop(
      (i) => `${iso(i)}\nVmPeak:\t 9000000 kB\nVmHWM:\t  900000 kB\nVmRSS:\t  ${kib(grown(i))} kB\nThreads:\t4\n`,
    ),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'ps aux tells the time on the processor',
    content: loop(
      (i) =>
        `USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\nfl          4127 12.0  3.1 2200000 ${kib(grown(i))} ?        Sl   08:15   ${i >> 1}:${(i % 2) * 3}0 python3 server.py --rounds 10\n`,
    ),
    growsMib: 3,
    note: /each row as a round/,
  },
  {
    name: 'KiB of small processes that ps lists',
    content: loop((i) => `  PID   RSS COMMAND\n 4127 ${kib(grown(i, 0.5, 8))} nginx\n`),
    growsMib: 0.5,
    note: /"RSS" \(KiB\)/,
  },
  {
    name: 'pidstat with twelve hours and averages',
    content: `Linux 5.15.0 (node1) \t03/03/26 \t_x86_64_\t(16 CPU)\n\n${loop((i) => `${clock12(i)}   UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command\n${clock12(i)}  1000      4127      3.00      0.00 2200000  ${kib(grown(i))}   4.10  python3\n\n`)}Average:      UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command\nAverage:     1000      4127      3.00      0.00 2200000  570000   4.10  python3\n`,
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'pidstat in one line with Unix time',
    content: `Linux 5.15.0 (node1) \t03/03/26 \t_x86_64_\t(16 CPU)\n\n${loop((i) => `# Time        UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command\n${START / 1000 + 30 * i}     1000      4127      3.00      0.00 2200000  ${kib(grown(i))}   4.10  python3\n\n`)}`,
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'free again and again',
    content: loop(
      (i) =>
        `              total        used        free      shared  buff/cache   available\nMem:          15884        ${Math.round(grown(i))}        9000          10        6000       14000\nSwap:          2047           0        2047\n`,
    ),
    growsMib: 3,
    note: /memory from "used"/,
  },
  {
    name: 'sstat with averages beside the highest',
    content: table(
      'JobID|AveCPU|AveRSS|MaxRSS|MaxVMSize|Timestamp',
      (i) => `8812.batch|00:0${i % 6}:10|${kib(flat(i))}K|${kib(grown(i))}K|9000000K|${iso(i).replace(' ', 'T')}`,
    ),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'sacct with a row for each step of a job',
    content: table(
      'JobID|JobName|Elapsed|MaxRSS',
      (i) => `${i}|r${i}|00:01:11|\n${i}.batch|batch|00:01:11|${kib(grown(i))}K\n${i}.extern|extern|00:01:11|1040K`,
    ),
    series: 2,
    growing: ['batch'],
    note: /left out, since no reading is in it: r0, r1/,
  },
  {
    name: 'kubectl top without header behind the time',
    content: loop(
      (i) =>
        `${iso(i).replace(' ', 'T')}Z fl-server-6d5 12m ${Math.round(grown(i))}Mi\n${iso(i).replace(' ', 'T')}Z fl-client-0 2m ${Math.round(flat(i))}Mi\n`,
    ),
    args: ['--series', 'column 2'],
    series: 2,
    growing: ['fl-server'],
  },
  {
    name: 'docker stats as JSON lines',
    content: loop(
      (i) =>
        `${JSON.stringify({ BlockIO: '0B / 0B', CPUPerc: '0.5%', Container: '9f2', MemPerc: '3.2%', MemUsage: `${grown(i).toFixed(1)}MiB / 15.51GiB`, Name: 'fl', NetIO: '1.2kB / 0B' })}\n`,
    ),
    growsMib: 3,
  },
  {
    name: 'Grafana with the name of the server as the column',
    content: table('"Time","fl-server"', (i) => `${iso(i)},${Math.round(grown(i))} MiB`),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'Grafana with a column for each process',
    content: table(
      '"Time","fl-server","fl-client"',
      (i) => `${iso(i)},${Math.round(grown(i))} MiB,${Math.round(flat(i))} MiB`,
    ),
    series: 2,
    growing: ['server'],
  },
  {
    name: 'Grafana with label sets and semicolons',
    content: table(
      '"Time";"{pod=""fl-server-0""}";"{pod=""fl-client-0""}"',
      (i) => `${START + 30_000 * i};${bytes(grown(i))};${bytes(flat(i))}`,
    ),
    series: 2,
    growing: ['server'],
  },
  {
    name: 'counters of Windows',
    content: table(
      '"(PDH-CSV 4.0) (W. Europe Standard Time)(-60)","\\\\HOST\\Process(python)\\Working Set"',
      (i) => `"03/03/2026 ${iso(i).slice(11)}.123","${bytes(grown(i))}"`,
      '\r\n',
    ),
    growsMibPerMinute: PER_MINUTE,
  },
  {
    name: 'a sheet with K between brackets and thousands',
    content: `\ufeff${table('Sample Time,Working Set (K)', (i) => `3/3/2026 ${at(i, 60).getUTCHours()}:${two(at(i, 60).getUTCMinutes())} AM,"${kib(grown(i)).toLocaleString('en-US')}"`, '\r\n')}`,
    growsMibPerMinute: PER_MINUTE / 2,
    note: /"Working Set \(K\)" \(KiB\)/,
  },
  {
    name: 'a German sheet',
    content: table(
      'Runde;Zeitstempel;Speicher (MB);Verlust',
      (i) =>
        `${i + 1};03.03.2026 ${iso(i).slice(11)};${grown(i).toFixed(2).replace('.', ',')};${(1 / (i + 1)).toFixed(4).replace('.', ',')}`,
      '\r\n',
    ),
    growsMib: 2.86,
    note: /rounds from "Runde"/,
  },
  {
    name: 'JSON lines with the round within a field',
    content: loop(
      (i) =>
        `${JSON.stringify({ ts: `${iso(i)}Z`, msg: 'done', ctx: { round: i, mem: { rss: bytes(grown(i)), heapTotal: 1e8, heapUsed: 9e7, external: 1e6 } } })}\n`,
    ),
    growsMib: 3,
    note: /rounds from "ctx\.round"/,
  },
  {
    name: 'keys and values of a logger',
    content: `${loop((i) => `ts=${iso(i).replace(' ', 'T')}Z level=info msg="round \\"${i}\\" done" round=${i} rss_mib=${grown(i).toFixed(1)}\n`)}`,
    growsMib: 3,
    note: /rounds from "round"/,
  },
  {
    name: 'memory of a graphics card',
    content: table(
      'timestamp, pid, process_name, used_gpu_memory [MiB]',
      (i) => `${iso(i)}, 4127, /usr/bin/python3, ${Math.round(grown(i))} MiB`,
    ),
    refused: /"used_gpu_memory \[MiB\]", expected a column "rss"/,
  },
]

/** What Node changes for its children is not passed on to what is measured. */
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

/** Writes what a process has from the process that started it. */
const TELL = `import json, os, resource, sys
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
json.dump({
    "open files": resource.getrlimit(resource.RLIMIT_NOFILE),
    "stack": resource.getrlimit(resource.RLIMIT_STACK),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "address space": resource.getrlimit(resource.RLIMIT_AS),
    "blocked": status["SigBlk"].strip(),
    "nice": os.nice(0),
    "scheduler": os.sched_getscheduler(0),
    "affinity": sorted(os.sched_getaffinity(0)),
    "umask": status["Umask"].strip(),
    "oom": open("/proc/self/oom_score_adj").read().strip(),
    "seccomp and no new privileges": [status["Seccomp"].strip(), status["NoNewPrivs"].strip()],
    "folder": os.getcwd(),
    "streams": [os.readlink(f"/proc/self/fd/{n}") for n in (0, 1, 2)],
    "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd"))[:4],
    "environment": {k: v for k, v in os.environ.items() if not k.startswith("TIDEMARK_") and k != "_"},
}, open(sys.argv[1], "w"))`

/** Runs the same program alone and under `tidemark run`, both from a shell that has changed what is inherited. */
function bothWays(prepare: string, tidemark: string[]): [alone: unknown, measured: unknown] {
  const folder = temporaryFolder()
  const files = ['alone', 'measured'].map((name) => join(folder, name))
  const [alone, measured] = files as [string, string]
  const script = `${prepare}
program=$1 alone=$2 measured=$3; shift 3
${PYTHON} -c "$program" "$alone" <&0 || exit 1
"$@" run --out recording -- ${PYTHON} -c "$program" "$measured" || exit 1
exit 0`
  const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', TELL, alone, measured, ...tidemark], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  expect(status, stderr).toBe(0)
  const [first, second] = files.map((file) => JSON.parse(readFileSync(file, 'utf8')))
  return [first, second]
}

test.for([
  ['by its first line', 'ulimit -Sn 200', [PROGRAM]],
  ['by Node', 'ulimit -Sn 200', [process.execPath, PROGRAM]],
  ['by its first line, with fewer open files than the recorder has', 'ulimit -Sn 40', [PROGRAM]],
  ['by its first line, with a lower hard limit too', 'ulimit -n 300; ulimit -Sn 250', [PROGRAM]],
] as const)(
  'a command under `tidemark run`, started %s, has what it has alone',
  needs('koffi'),
  ([, prepare, tidemark]) => {
    chmodSync(PROGRAM, 0o755)
    const [alone, measured] = bothWays(`${prepare}; umask 027; ulimit -c 0`, [...tidemark])
    expect(measured).toEqual(alone)
    expect(alone).toMatchObject({ umask: '0027' })
  },
)

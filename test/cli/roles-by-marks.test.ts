import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { MIB } from '../../src/shared/units.js'
import type { LiveStatus } from '../../src/verdict/live/live-status.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { startTidemark } from '../tidemark.js'

/** Starts a client, and waits with it for a file after three rounds: both name themselves by marks alone. */
const JOB = `import json, os, subprocess, sys, time
role, held, go_on = sys.argv[1], bytearray(b"1") * (int(sys.argv[2]) * 2**20), sys.argv[3]
client = subprocess.Popen([sys.executable, __file__, "client", "20", go_on]) if role == "server" else None
with open(os.environ["TIDEMARK_MARKS"], "a") as marks:
    for number in range(1, 4):
        time.sleep(0.3)
        marks.write(json.dumps({"mark": "round", "round": number, "pid": os.getpid(), "role": role, "name": role + "-1"}) + "\\n")
        marks.flush()
while not os.path.exists(go_on):
    time.sleep(0.01)
if client:
    client.wait()`

test('roles that only marks name are those of conditions, of /metrics and of the page', async () => {
  const folder = temporaryFolder()
  const [job, goOn, out] = ['job.py', 'go-on', 'recording'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(job, JOB)
  const when = ['peak', 'rss'].flatMap((what) => [
    '--when',
    `${what}(server) > 60MiB`,
    '--do',
    `cat > ${folder}/part-${what}; mv ${folder}/part-${what} ${folder}/${what}`,
  ])
  const args = ['run', '--out', out, '--listen', '0', ...when, '--', PYTHON, job, 'server', '80', goOn]
  const { child, finished } = startTidemark(args)
  const [said] = await once(child.stderr!, 'data')
  const url = /live at (http:\/\/[^/]+\/)/.exec(String(said))![1]!
  const rolesNow = async () => ((await (await fetch(`${url}api/status`)).json()) as LiveStatus).roles
  const isThere = async () => {
    const roles = await rolesNow().catch(() => [])
    return roles.length === 2 && roles.every(({ rounds, processes }) => rounds === 3 && processes.length > 0)
  }
  let isReady = false
  await pollUntil(() => {
    void isThere().then((is) => {
      isReady ||= is
    })
    return isReady && existsSync(join(folder, 'peak')) && existsSync(join(folder, 'rss'))
  }, 20_000)
  const roles = await rolesNow()
  const metrics = await (await fetch(`${url}metrics`)).text()
  writeFileSync(goOn, '')
  expect(await finished).toMatchObject({ code: 0 })
  expect(roles.map(({ role, rounds, processes }) => [role, rounds, processes.map(({ name }) => name)]).sort()).toEqual([
    ['client', 3, ['client-1']],
    ['server', 3, ['server-1']],
  ])
  const server = roles.find(({ role }) => role === 'server')!
  expect(server.rssBytes).toBeGreaterThan(80 * MIB)
  for (const what of ['peak', 'rss']) {
    const facts = JSON.parse(readFileSync(join(folder, what), 'utf8'))
    expect(facts).toMatchObject({ role: 'server', pid: server.processes[0]!.pid })
    expect(facts[`${what}Bytes`]).toBeGreaterThan(80 * MIB)
  }
  for (const name of ['tidemark_rss_bytes', 'tidemark_peak_bytes'])
    expect(metrics).toMatch(new RegExp(`^${name}\\{role="server",process="server-1",`, 'm'))
  const { head } = readRecording(out)
  expect(head.processes.map(({ role, name }) => [role, name]).sort()).toEqual([
    ['client', 'client-1'],
    ['server', 'server-1'],
  ])
})

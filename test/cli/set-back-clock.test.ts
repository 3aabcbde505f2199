/** A program whose clock is set back while it writes its own marks: no time is negative, and no round changes its place. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

/** Eight rounds; the clock is a day behind from round 4 on, set back in its middle or before its start. */
const program = (startOfRound4: string) => `
import json, os, time
memory = {"rssBytes": 10000000, "rssAnonBytes": 1, "rssFileBytes": 1, "rssShmemBytes": 1}
with open(os.environ["TIDEMARK_MARKS"], "a") as marks:
    for i in range(1, 9):
        back = 86400000 if i >= 4 else 0
        start = time.time() * 1000 - (${startOfRound4} if i == 4 else back)
        time.sleep(0.1)
        marks.write(json.dumps({"mark": "round", "timeMs": time.time() * 1000 - back, "pid": os.getpid(), "role": "server",
            "round": i, "attempt": 0, "startedMs": start, "peakBytes": 12000000 + i, "work": memory, "end": memory,
            "cleanup": None}) + "\\n")
        marks.flush()
time.sleep(0.5)`

test.each([
  ['in the middle of a round', '0', /was set back by about 24 h 00 min in or before round 4.*this round took is not/],
  ['between two rounds', 'back', /was set back by about 24 h 00 min in or before round 4: later times are shifted\.$/m],
])('a clock that is set back %s is named, and the rounds keep their order and times', async (_when, start, warning) => {
  const folder = join(temporaryFolder(), 'it')
  const { code, stderr } = await runTidemark(['run', '--out', folder, '--', PYTHON, '-c', program(start)])
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(warning)
  expect(stderr).not.toMatch(/-\d[\d.]* (ms|s|min|h)\b/)
  const { rounds } = readRecording(folder)
  expect(rounds.map(({ round }) => round)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  const took = rounds.map(({ startedMs, endedMs }) => endedMs - startedMs)
  expect(Math.min(...took)).toBeGreaterThanOrEqual(0)
  expect(took.filter((ms) => ms >= 99).length).toBeGreaterThanOrEqual(7)
})

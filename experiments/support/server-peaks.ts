import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ended, readMarks, serverUrl, start } from '../../bench/job.js'
import type { RoundMark } from '../../src/shared/marks.js'

export interface MeasuredJob {
  algorithm: string
  clients: number
  rounds: number
  modelBytes: number
}

/** The exact peak of the server in each round, in bytes: a job in real processes, with echo clients and results in memory. */
export async function serverPeaks({ algorithm, clients, rounds, modelBytes }: MeasuredJob): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-experiment-'))
  const file = join(folder, 'marks.ndjson')
  writeFileSync(file, '')
  const options = { algorithm, clients, rounds, 'model-size': modelBytes, trainer: 'echo', aggregation: 'buffered' }
  const server = start(
    ['server', ...Object.entries(options).flatMap(([flag, value]) => [`--${flag}`, `${value}`])],
    file,
  )
  const roles = [server]
  try {
    const url = await serverUrl(file, server)
    for (let client = 1; client <= clients; client++)
      roles.push(start(['client', '--server', url, '--name', `site-${client}`], file))
    for (const role of roles) await ended(role)
    const marks = readMarks(file).filter((mark): mark is RoundMark => mark.mark === 'round' && mark.role === 'server')
    return marks.map(({ peakBytes }) => peakBytes ?? Number.NaN)
  } finally {
    for (const role of roles) role.kill()
    rmSync(folder, { recursive: true })
  }
}

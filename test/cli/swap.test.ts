/** Memory that is swapped out is in no RSS. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const MIB = 2 ** 20
const program = fileURLToPath(new URL('../fixtures/leaks-into-swap.py', import.meta.url))

test(
  'a server that leaks into the swap grows, and the output says that RSS plus swap was judged',
  needs('swap'),
  async () => {
    const folder = temporaryFolder()
    addSwap(join(folder, 'swap'))
    const recording = join(folder, 'recording')
    const { code, stderr } = await runTidemark(['run', '-o', recording, '--', PYTHON, program])
    expect(code, stderr).toBe(0)
    const analyzed = await runTidemark(['analyze', recording])
    expect((analyzed.stdout + analyzed.stderr).replaceAll(/\s+/g, ' ')).toMatch(
      /memory of the process \(pid \d+\) was swapped out \(.*\): RSS plus swap is judged/,
    )
    const [json] = JSON.parse((await runTidemark(['analyze', recording, '--json'])).stdout)
    expect(json.shape).toBe('grows')
    expect(json.slopeBytesPerRound.estimate / MIB).toBeCloseTo(3, 0)
  },
)

function addSwap(file: string): void {
  execFileSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=128'], { stdio: 'ignore' })
  execFileSync('chmod', ['600', file])
  execFileSync('mkswap', [file], { stdio: 'ignore' })
  execFileSync('swapon', [file])
  onTestFinished(() => void execFileSync('swapoff', [file]))
}

/** The first example of the guide: its files are shipped, and its commands print what it shows. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runTidemark } from '../tidemark.js'

test('the commands of the guide print, on the files that it names, what it shows', async () => {
  const [commands, shown] = /```sh\n(tidemark analyze nvflare[\s\S]*?)```\s*```text\n([\s\S]*?)```/
    .exec(readFileSync('docs/guide.md', 'utf8'))!
    .slice(1)
  let printed = ''
  for (const command of commands!.trim().split('\n'))
    printed += (await runTidemark(command.split(' ').slice(1), { cwd: 'docs/examples' })).stdout
  expect(printed).toBe(shown)
})

/** The snippets of README.md and docs/: none of them names a verb, an option, a script or an export that is not there. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/cli/parsing/parse-command-line.js'
import { unknownVerb, verbs } from '../../src/cli/parsing/verbs.js'
import { temporaryFolder } from '../temporary-folder.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]

interface Snippet {
  page: string
  language: string
  text: string
}

const snippets = PAGES.flatMap(snippetsOf)
const written = (...languages: string[]) => snippets.filter(({ language }) => languages.includes(language))

describe('shell snippets', () => {
  test.each(written('sh', 'bash'))('every command of ours is one that we take: $page: $text', async ({ text }) => {
    for (const call of callsOf(text)) await assertTaken(call)
  })

  test('one with an unknown verb, option, value or script would be found', async () => {
    for (const wrong of [
      'tidemark comparre',
      'tidemark analyze a.csv --gc-round 5',
      'tidemark analyze a.csv --tolerance much',
      'npm run tests',
    ]) {
      const [call] = callsOf(wrong)
      await expect(assertTaken(call!), wrong).rejects.toThrow()
    }
  })
})

describe('snippets of TypeScript and JavaScript', () => {
  test('have no error of types against what the package exports', () => {
    const folder = workspace()
    // What only sets something up is a module too.
    for (const [i, { language, text }] of written('ts', 'js').entries())
      writeFileSync(join(folder, `snippet-${i}.${language}`), `${text}\nexport {}\n`)
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
    expect(stdout).toBe('')
  }, 60_000)

  test('the server that cleans up runs, and says what was given back', () => {
    const folder = workspace()
    const server = written('js').find(({ text }) => text.includes('tidemark/memory'))!
    writeFileSync(join(folder, 'server.js'), server.text)
    const output = execFileSync(process.execPath, [join(folder, 'server.js')], { encoding: 'utf8' })
    expect(output).toMatch(/^allocator: \w+\nround 5: -?\d+ bytes given back in [\d.]+ ms\nround 10: /)
  }, 60_000)
})

function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    page,
    language: language!,
    text: text!.trimEnd(),
  }))
}

/** In place of the programs that a snippet names: only their words are taken down, each call ended by an empty word; all others do nothing. */
const RECORDER = `
call() { printf '%s\\0' "$@" '' >&9; }
tidemark() { call tidemark "$@"; }
npm() { call npm "$@"; }
command_not_found_handle() { return 0; }
PATH=/nowhere
`

/** The commands of ours that the shell would start, each as its words. */
function callsOf(snippet: string): string[][] {
  const cwd = temporaryFolder()
  const script = `${RECORDER}\n${snippet}\nwait\n`
  const calls = join(cwd, 'calls')
  const { status, stderr } = spawnSync('/bin/bash', ['-c', `exec 9>'${calls}'\n${script}`], { cwd, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const words = readFileSync(calls, 'utf8').split('\0')
  const found: string[][] = [[]]
  for (const word of words) {
    if (word === '') found.push([])
    else found.at(-1)!.push(word)
  }
  return found.filter((call) => call.length > 0)
}

async function assertTaken([program, first, ...rest]: string[]): Promise<void> {
  if (program === 'npm') {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(Object.keys(scripts)).toContain(first === 'run' ? rest[0] : first)
    return
  }
  const load = verbs[first!]
  if (load === undefined) throw unknownVerb(first!)
  const { command } = await load()
  parseCommandLine(command, rest, {})
}

/** A folder in which the package is installed, as a user's is. */
function workspace(): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/tidemark'))
  for (const name of ['vitest', '@types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  expect(existsSync(join(ROOT, 'dist/index.d.ts'))).toBe(true)
  const compilerOptions = { paths: {}, allowJs: true, checkJs: true }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const project = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts', '*.js'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project))
  return folder
}

/** The words that users meet in options, columns and axes stand in docs/glossary.md, or are plain English. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as options from '../../src/options/all.js'

/** Words of every day, which mean here what they mean anywhere. */
const PLAIN = new Set(
  `a adds all allow any anon back bad before bound build by bytes claim collection column command commit connect cost connections cores
  debug decided depth details dir do dry ended evaluate every exact expected fail file for force format frees from full func
  functions gives good h headers hide highest host id idle ignore image in it join key kind learning length line list listen local lower lowest
  machine max median memory min min more mp name no notes of off on one open option or order out over parameter parents pid port print process
  quiet ready reconnect result results resume run s sampled sets size started stop that the time timeout title to type unit
  until up update uploads usage use user when where wire with without work`.split(/\s+/),
)
/** Names of formats, programs and protocols. */
const NAMES = new Set(
  'ca cert csv dtype tidemark github hyperfine json junit kubernetes markdown mib openmetrics otlp parquet shmem slurm tls'.split(
    ' ',
  ),
)

const glossary = readFileSync('docs/glossary.md', 'utf8')
const headwords = [...glossary.matchAll(/^\| (?!word|---)([^|]+) \|/gm)].map(([, words]) => words!)
const known = new Set(wordsOf(headwords.join(' ')))

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z]+/g) ?? []
}

function isKnown(word: string): boolean {
  const forms = [word, `${word}s`, word.replace(/s$/, ''), word.replace(/es$/, ''), word.replace(/ies$/, 'y')]
  return forms.some((form) => known.has(form) || PLAIN.has(form) || NAMES.has(form))
}

test('the glossary explains each word once', () => {
  const words = headwords.flatMap((words) => words.split(', ').map((word) => word.replaceAll('`', '')))
  expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([])
})

test('the words in the names of all options are in the glossary, or plain', () => {
  const flags = new Set(Object.values(options).flatMap(flagsIn))
  expect(flags.size).toBeGreaterThan(150)
  expect([...flags].filter((flag) => !flag.split('-').every(isKnown))).toEqual([])
})

/** The flags of a table of options; what else these files export has none. */
function flagsIn(table: unknown): string[] {
  const specs: unknown[] = typeof table === 'object' && table !== null ? Object.values(table) : []
  return specs.flatMap((spec) => {
    const { flag } = (spec ?? {}) as { flag?: unknown }
    return typeof flag === 'string' ? [flag] : []
  })
}

test('the words of columns and axes are in the glossary, or plain', () => {
  const sources = ['src/report/terminal', 'src/report/figures', 'src/report/figures/parts', 'src/report/export']
  const names = sources.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => namesIn(readFileSync(join(folder, file), 'utf8'))),
  )
  expect(names.length).toBeGreaterThan(40)
  expect(names.filter((name) => !wordsOf(name).every(isKnown))).toEqual([])
})

/** Headings of columns, labels of axes and legends, columns of exports. */
function namesIn(source: string): string[] {
  return [...source.matchAll(/\b(?:head|label|name): '([^']*)'/g)].map(([, name]) => name!)
}

import { expect, test } from 'vitest'
import { fillPlaceholders, placeholdersIn } from '../../src/comparison/plan/placeholders.js'
import { splitCommand } from '../../src/comparison/plan/split-command.js'

test.each([
  ['python job.py --gc {gc}', ['python', 'job.py', '--gc', '5']],
  ['  a\t"b c" \'d "e"\' f\\ g ""', ['a', 'b c', 'd "e"', 'f g', '']],
  ['echo {text}', ['echo', 'two words; $HOME']],
  ['python job.py | tee log', ['/bin/sh', '-c', 'python job.py | tee log']],
  ['GC={gc} python job.py', ['/bin/sh', '-c', 'GC=5 python job.py']],
  ['echo "$HOME" {text}', ['/bin/sh', '-c', `echo "$HOME" 'two words; $HOME'`]],
])('%s is split as people expect, and values stay one word', (line, words) => {
  expect(splitCommand(line, { gc: 5, text: 'two words; $HOME' })).toEqual(words)
})

test('a list of words never meets a shell', () => {
  expect(splitCommand(['echo', '{gc} | $x'], { gc: 5 })).toEqual(['echo', '5 | $x'])
})

test('a quote that is not closed is reported', () => {
  expect(() => splitCommand("echo 'a", {})).toThrow("the quote ' is not closed")
})

test('double braces, and variables of the shell, are no placeholders', () => {
  const shell = '$' + '{c}'
  const text = `{a} {{b}} ${shell} {a} {"d":1}`
  expect(placeholdersIn(text)).toEqual(['a'])
  expect(fillPlaceholders(text, { a: 1, b: 2, c: 3 })).toBe(`1 {b} ${shell} 1 {"d":1}`)
})

import { expect, test } from 'vitest'
import { nameProcess } from '../../src/recording/processes/process-name.js'

test.each([
  ['/usr/bin/env FOO=1', 'env'],
  ['python3 -u server.py --port 1', 'server.py'],
  ['/opt/bin/python3.11 -m http.server 80', 'http.server'],
  ['node --max-old-space-size=100 dist/main.js', 'main.js'],
  ['bash -c exit', 'bash'],
  ['python3', 'python3'],
])('%s goes by the name %s', (line, name) => {
  expect(nameProcess(line.split(' '), []).name).toBe(name)
})

test('the first pattern that fits the command line gives the role, and without one it is "process"', () => {
  const patterns = [
    { role: 'server', pattern: /runner_process/ },
    { role: 'python', pattern: /^python/ },
  ]
  expect(nameProcess(['python3', '-m', 'runner_process'], patterns).role).toBe('server')
  expect(nameProcess(['python3', 'x.py'], patterns).role).toBe('python')
  expect(nameProcess(['sh'], patterns).role).toBe('process')
})

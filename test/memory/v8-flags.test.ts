import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { RoleEngine } from '../../src/federation/process/role-engine.js'
import { hasV8Flag, type V8Flag } from '../../src/memory/v8-flags.js'

const FLAGS: V8Flag[] = [
  '--no-lazy-feedback-allocation',
  '--semi-space-growth-factor',
  '--interrupt-budget',
  '--invocation-count-for-maglev',
  '--invocation-count-for-turbofan',
]

it('this release of Node has the flags that the table lists', () => {
  const listed = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  const isListed = (flag: string) => listed.includes(`  ${flag.replace('--no-', '--')} (`)
  const taken = FLAGS.filter((flag) => hasV8Flag(flag))
  expect(taken.length).toBeGreaterThanOrEqual(3)
  expect(taken.filter((flag) => !isListed(flag))).toEqual([])
})

it('a release that was not tested gets no flag', () => {
  expect(FLAGS.filter((flag) => hasV8Flag(flag, '28.1.0'))).toEqual([])
})

it('a role sets all it wants in a release that was tested', () => {
  expect(new RoleEngine({ receivesWeights: true }).v8Flags.missing).toEqual([])
})

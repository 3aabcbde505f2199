import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node'
import type { LeftOut } from './optional-parts.js'

/**
 * Lists the tests that were left out, with the reasons, which Vitest does not print. A test that was left out without one
 * fails the run: optional-parts.ts decides what may be.
 */
export default class LeftOutReporter implements Reporter {
  /** Tests chosen by name or tag leave all others out, for which no reason is wanted. */
  private areChosen = false

  onInit({ config }: Vitest): void {
    this.areChosen = config.testNamePattern !== undefined || config.tagsFilter !== undefined
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => ({ module, test, leftOut: leftOutOf(test) })),
    )
    const without = this.areChosen ? [] : skipped.filter(({ leftOut }) => leftOut.length === 0)
    for (const { module, test } of without)
      console.error(
        `left out without a reason: ${module.relativeModuleId}: ${test.fullName} (see test/optional-parts.ts)`,
      )
    if (without.length > 0) process.exitCode = 1
    const text = listOf(skipped.map(({ leftOut }) => leftOut))
    // npm test shows the list after everything else.
    const file = process.env.TIDEMARK_LEFT_OUT_FILE
    if (file !== undefined) writeFileSync(file, text)
    else if (text !== '') console.log(text)
  }
}

function leftOutOf(test: TestCase): LeftOut[] {
  let entity: TestCase | TestSuite | TestModule = test
  while (entity.type !== 'module') {
    const { leftOut } = entity.meta()
    if (leftOut !== undefined) return leftOut
    entity = entity.parent
  }
  return []
}

function listOf(tests: LeftOut[][]): string {
  const all = tests.filter((leftOut) => leftOut.length > 0)
  if (all.length === 0) return ''
  const counts = new Map<string, { leftOut: LeftOut; count: number }>()
  for (const one of all.flat()) {
    const entry = counts.get(one.part) ?? { leftOut: one, count: 0 }
    counts.set(one.part, { ...entry, count: entry.count + 1 })
  }
  const commands = new Set([...counts.values()].map(({ leftOut }) => leftOut.bringsIt))
  const groups = [...commands].map((command) => [
    command === null ? '  no command brings:' : `  ${command} brings:`,
    ...[...counts.values()]
      .filter(({ leftOut }) => leftOut.bringsIt === command)
      .map(({ leftOut, count }) => `    ${leftOut.part}, for ${testsOf(count)}: ${leftOut.why}`),
  ])
  return [`Left out: ${testsOf(all.length)} of parts that this machine does not have.`, ...groups.flat()].join('\n')
}

function testsOf(count: number): string {
  return count === 1 ? '1 test' : `${count} tests`
}

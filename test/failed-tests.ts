import { appendFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node'

const MAX_MESSAGE = 600

/**
 * Appends the tests that failed, with what they said, to the file of TIDEMARK_FAILED_FILE: .ci/run prints it last, since its
 * readers often have the end of a long log alone.
 */
export default class FailedTestsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env.TIDEMARK_FAILED_FILE
    if (file === undefined) return
    const lines = modules.flatMap((module) => [
      ...module.errors().map((error) => `${module.relativeModuleId}: ${shortOf(error.message)}`),
      ...[...module.children.allTests('failed')].map((test) => failureOf(module, test)),
    ])
    const others = errors.map((error) => `outside of tests: ${shortOf(error.stack ?? error.message)}`)
    appendFileSync(file, [...lines, ...others].map((line) => `${line}\n`).join(''))
  }
}

function failureOf(module: TestModule, test: TestCase): string {
  const errors = test.result().errors ?? []
  return `${module.relativeModuleId}: ${test.fullName}: ${errors.map(({ message }) => shortOf(message)).join(' | ')}`
}

function shortOf(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)} ...` : message
}

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^tidemark\/algorithm$/,
        replacement: fileURLToPath(new URL('./src/federation/algorithms/index.ts', import.meta.url)),
      },
      { find: /^tidemark\/memory$/, replacement: fileURLToPath(new URL('./src/memory/index.ts', import.meta.url)) },
      { find: /^tidemark$/, replacement: fileURLToPath(new URL('./src/index.ts', import.meta.url)) },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build-first.ts'],
    reporters: ['default', './test/left-out.ts', './test/failed-tests.ts'],
    pool: 'forks',
    tags: [{ name: 'rights', description: 'Takes rights that a plain user may lack: test/optional-parts.ts.' }],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: ['--expose-gc'],
  },
})

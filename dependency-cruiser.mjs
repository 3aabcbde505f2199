/** The arrows of docs/architecture.md: each folder imports only what stands below it, types included. */

const folders = [
  'cli',
  'vitest',
  'report',
  'comparison',
  'verdict',
  'results',
  'recording',
  'doctor',
  'launch',
  'memory',
  'linux',
  'options',
  'statistics',
  'shared',
]

/** Forbids imports from a folder to any folder above it in the list. */
const downwards = folders.slice(1).map((folder, index) => ({
  name: `${folder}-imports-nothing-above-it`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: `^src/(${folders.slice(0, index + 1).join('|')})/` },
}))

export default {
  forbidden: [
    ...downwards,
    {
      name: 'runtime-imports-no-tooling',
      comment:
        'The runtime is the program under test and its own memory is measured. It may import Node built-ins, memory/, linux/, options/ and shared/.',
      severity: 'error',
      from: { path: '^src/federation/' },
      to: {
        path: '^(src/(cli|vitest|report|comparison|verdict|results|recording|doctor|launch|statistics)/|node_modules/)',
      },
    },
    {
      name: 'only-role-commands-import-the-runtime',
      comment: 'Trials start the same commands that a user would type.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(federation/|cli/commands/roles/)' },
      to: { path: '^src/federation/' },
    },
    {
      name: 'verdicts-are-pure',
      comment: 'Verdicts and statistics map numbers to numbers. They use no file, clock or process.',
      severity: 'error',
      from: { path: '^src/(verdict|statistics)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'reports-never-sample',
      severity: 'error',
      from: { path: '^src/report/' },
      to: { path: '^src/(launch|linux|memory)/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'The matchers run in the Vitest of their users, so it is an optional peer dependency.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/vitest/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}

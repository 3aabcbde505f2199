/** The arrows of docs/architecture.md: folders are floors, and imports point down only. */

const floors = [
  'cli',
  'vitest',
  'report',
  'experiment',
  'verdict',
  'recording',
  'launch',
  'memory',
  'linux',
  'statistics',
]

/** Whatever stands above a floor in the list may not be imported from it. */
const downwards = floors.slice(1).map((floor, index) => ({
  name: `${floor}-imports-nothing-above-it`,
  severity: 'error',
  from: { path: `^src/${floor}/` },
  to: { path: `^src/(${floors.slice(0, index + 1).join('|')})/`, dependencyTypesNot: ['type-only'] },
}))

export default {
  forbidden: [
    ...downwards,
    {
      name: 'federation-is-deployed-as-it-is',
      comment:
        'The runtime is the program under test; its own weight is measured. Node built-ins, memory/, linux/, and the shared words.',
      severity: 'error',
      from: { path: '^src/federation/' },
      to: {
        path: '^(src/(cli|report|experiment|verdict|recording|launch|statistics)/|node_modules/)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nobody-imports-the-runtime',
      comment: 'Trials start the same commands that a user would type.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(federation/|cli/commands/(server|client|peer|coordinator)\\.ts$)' },
      to: { path: '^src/federation/' },
    },
    {
      name: 'verdicts-are-pure',
      comment: 'Plain numbers in, verdicts out: no file, clock or process.',
      severity: 'error',
      from: { path: '^src/(verdict|statistics)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'reports-never-sample',
      severity: 'error',
      from: { path: '^src/report/' },
      to: { path: '^src/(launch|linux|memory)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'The matchers run in the Vitest of those who use them: it is an optional peer dependency.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/vitest/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}

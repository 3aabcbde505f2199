/**
 * Every option of Tidemark, declared once. The type, the flag, the environment variable, the
 * default, the help text and the table in docs/options.md all come from these files; no other code
 * names a default.
 *
 * An option of the command line takes precedence over its environment variable, which takes
 * precedence over the default.
 */

export * from './alerts.js'
export * from './comparison.js'
export * from './federation.js'
export * from './gate.js'
export * from './history.js'
export * from './live.js'
export * from './network.js'
export * from './recording.js'
export * from './refs.js'
export * from './report.js'
export * from './roles.js'
export * from './soak.js'

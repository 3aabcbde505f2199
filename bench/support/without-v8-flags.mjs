// Preloaded into a role: it runs without the flags of V8 that keep its warm-up short (src/federation/process/role-engine.ts).
import { syncBuiltinESMExports } from 'node:module'
import v8 from 'node:v8'

const setFlags = v8.setFlagsFromString
v8.setFlagsFromString = (flags) => {
  if (!/feedback-allocation|interrupt-budget|invocation-count/.test(flags)) setFlags(flags)
}
syncBuiltinESMExports()

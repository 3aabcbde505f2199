import { existsSync } from 'node:fs'

/** Python 3, the system's own if there is one: what PATH finds first may be a shim that takes seconds to start. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

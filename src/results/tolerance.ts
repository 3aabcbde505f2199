/** An amount of memory: bytes, or a share (0 to 1) of a level. */
export type Amount = { bytes: number } | { share: number }

/** Growth that is too little to matter: an amount a round, or bytes a day. */
export type Tolerance = Amount | { bytesPerDay: number }

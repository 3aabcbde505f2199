const TOTAL_BYTES = 100e6

/** 100 MB as an FL server holds them: half in tensors of 800 KiB, half in the 64 KiB in which Node reads from sockets. */
export function allocateBlocks() {
  const tensors = fill(204_800 * 4, (bytes) => new Float32Array(bytes / 4).fill(1))
  const chunks = fill(65_536, (bytes) => Buffer.alloc(bytes, 1))
  return [...tensors, ...chunks]
}

function fill(bytes, allocate) {
  return Array.from({ length: Math.round(TOTAL_BYTES / 2 / bytes) }, () => allocate(bytes))
}

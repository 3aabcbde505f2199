import { MIB } from '../../shared/units.js'

/** Units in which the kernel counts memory: RSS in pages, PSS and USS in KiB. */
const GRAINS = [4096, 1024]

/**
 * Returns the bytes of a decimal in MiB such as `209.550781`. Memory is counted in pages, so the
 * original value is the number of whole pages (else KiB, else bytes) that prints as this decimal.
 * The rounding of the file thus loses nothing.
 */
export function bytesOfDecimalMib(text: string): number {
  const value = Number(text) * MIB
  const decimals = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0
  const roundingBytes = (0.5 * MIB) / 10 ** decimals + 1e-3
  for (const grain of GRAINS) {
    const nearest = Math.round(value / grain) * grain
    if (Math.abs(nearest - value) <= roundingBytes) return nearest
  }
  return Math.round(value)
}

/**
 * Formats bytes as MiB with `decimals` decimals and rounds halves to even, as C and Python do: the
 * text that mprof would have written. The arithmetic uses whole numbers and is exact up to 500 GiB
 * with 6 decimals: 10^d / 2^20 is 5^d / 2^(20 - d).
 *
 * @param decimals 0 to 6
 */
export function decimalMib(bytes: number, decimals: number): string {
  const divisor = 2 ** (20 - decimals)
  const scaled = bytes * 5 ** decimals
  const down = Math.floor(scaled / divisor)
  const rest = scaled - down * divisor
  const isUp = rest > divisor / 2 || (rest === divisor / 2 && down % 2 === 1)
  const digits = String(down + (isUp ? 1 : 0)).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  return decimals === 0 ? whole : `${whole}.${digits.slice(-decimals)}`
}

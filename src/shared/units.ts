/**
 * Quantities as people write and read them. Inside, everything is bytes and milliseconds; this is
 * the one file that knows MiB and seconds. 2^20 bytes is a MiB, 10^6 bytes an MB (IEC 80000-13).
 */

export const MIB = 2 ** 20

const BYTE_FACTORS: Record<string, number> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

const DURATION_FACTORS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * `50MB`, `1.5 GiB`, `800k`, or plain bytes. Undefined when the text is no size; never negative.
 */
export function parseBytes(text: string): number | undefined {
  return parseQuantity(text, BYTE_FACTORS, 'b', Math.round)
}

/**
 * `250ms`, `30s`, `5m`, `1.5h`; a plain number is seconds. In milliseconds. Undefined when the text
 * is no duration.
 */
export function parseDurationMs(text: string): number | undefined {
  return parseQuantity(text, DURATION_FACTORS, 's', (ms) => ms)
}

function parseQuantity(
  text: string,
  factors: Record<string, number>,
  unitless: string,
  finish: (value: number) => number,
): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text)
  if (!match) return undefined
  const factor = factors[(match[2] || unitless).toLowerCase()]
  return factor === undefined ? undefined : finish(Number(match[1]) * factor)
}

/**
 * Formats bytes as MiB without the unit, for columns whose head names it: `612.4`; from 10,000 MiB
 * up without decimals.
 */
export function mib(bytes: number): string {
  const value = bytes / MIB
  return value.toFixed(Math.abs(value) >= 10_000 ? 0 : 1)
}

/** Formats bytes with a suitable unit: `912 B`, `1.5 KiB`, `612.4 MiB`, `1.25 GiB`. */
export function formatBytes(bytes: number): string {
  const size = Math.abs(bytes)
  if (size < 1024) return `${Math.round(bytes)} B`
  if (size < MIB) return `${(bytes / 1024).toFixed(1)} KiB`
  if (size < 1024 * MIB) return `${(bytes / MIB).toFixed(1)} MiB`
  return `${(bytes / 1024 / MIB).toFixed(2)} GiB`
}

/** Formats a duration for people: `12 ms`, `3.4 s`, `2 min 05 s`, `1 h 20 min`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${ms < 9.95 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** Formats a share as a signed percentage: `-12.3 %`. */
export function formatPercent(share: number): string {
  const percent = share * 100
  const sign = percent > 0 ? '+' : ''
  return `${sign}${percent.toFixed(1)} %`
}

import { messageOf, UsageError } from '../../../shared/errors.js'
import type { Row, Table } from './rows.js'
import { textChunks } from './text-chunks.js'

/**
 * Maximum length of a JSON file, which is read whole; a longer table should be CSV or JSON lines.
 */
const MOST_CHARACTERS = 128 * 2 ** 20
const DEEPEST = 6
/** Maximum number of columns; more of them mean that values are used as keys. */
const MOST_COLUMNS = 2000

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

/**
 * Reads records from JSON: an array of objects, of rows or of numbers; one object per line; an
 * object that contains one of those; columns by name, as pandas writes them; rounds by number; and
 * answers of Prometheus's HTTP API.
 *
 * @throws UsageError if the file is not JSON, or contains no table
 */
export function jsonTable(file: string, content: Buffer | undefined): Table {
  const text = wholeText(file, content)
  const { records, lines } = recordsOf(file, text)
  const flat = records.map((record) => (Array.isArray(record) ? rowOf(record) : flattened(record)))
  const columns = new Set<string>()
  for (const record of flat) for (const key of record.keys()) columns.add(key)
  if (columns.size > MOST_COLUMNS)
    throw new UsageError(`${file} names ${columns.size} different values, expected the same few in every record`)
  const keys = [...columns]
  const rows: Row[] = flat.map((record, i) => ({
    cells: keys.map((key) => record.get(key) ?? ''),
    line: lines?.[i] ?? i + 1,
  }))
  const areUnnamed = keys.every((key, i) => key === String(i))
  return { file, header: areUnnamed ? null : keys, place: file, rows: () => rows }
}

function wholeText(file: string, content: Buffer | undefined): string {
  const chunks: string[] = []
  let length = 0
  for (const chunk of textChunks(file, content)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MOST_CHARACTERS)
      throw new UsageError(`${file} holds more than ${MOST_CHARACTERS / 2 ** 20} MiB of JSON`, {
        fix: 'Write the table as CSV, which is read piece by piece.',
      })
  }
  return chunks.join('')
}

type Record_ = JsonObject | Json[]

function recordsOf(file: string, text: string): { records: Record_[]; lines?: number[] } {
  let whole: Json
  try {
    whole = JSON.parse(lenient(text)) as Json
  } catch (error) {
    return linesOf(file, text, error)
  }
  assertNoOtherFormat(file, whole)
  const records = recordsIn(whole, 0)
  if (records === undefined || records.length === 0)
    throw new UsageError(`${file} is JSON without a table, expected records such as [{"round": 1, "rss_mb": 500}, ...]`)
  return { records }
}

/** Fix for a Tidemark file in a format that is made for other programs. */
export const OF_OURS = 'Of Tidemark: analyze the folder that it was exported from, or tidemark export FOLDER --csv.'

/**
 * Rejects measurements in a form that is not a table.
 *
 * @throws UsageError for such JSON
 */
function assertNoOtherFormat(file: string, whole: Json): void {
  if (!isObject(whole)) return
  const what = Array.isArray(whole.resourceMetrics)
    ? 'OTLP, the metrics of OpenTelemetry'
    : Array.isArray(whole.results) && whole.results.some((one) => isObject(one) && Array.isArray(one.times))
      ? 'the JSON of hyperfine, whole runs and no rounds'
      : undefined
  if (what !== undefined) throw new UsageError(`${file} is ${what}, expected a recording or a table`, { fix: OF_OURS })
}

/** Replaces NaN and Infinity, which Python writes and JSON does not allow. */
function lenient(text: string): string {
  return /\b(?:NaN|Infinity)\b/.test(text)
    ? text.replaceAll(/(?<=[:,[\s])-?(?:NaN|Infinity)(?=\s*[,\]}])/g, 'null')
    : text
}

function linesOf(file: string, text: string, whyNotWhole: unknown): { records: JsonObject[]; lines: number[] } {
  const records: JsonObject[] = []
  const lines: number[] = []
  const all = text.split('\n')
  for (const [i, line] of all.entries()) {
    if (line.trim() === '') continue
    try {
      const record = JSON.parse(lenient(line)) as Json
      if (!isObject(record)) throw new Error('it is no object')
      records.push(record)
      lines.push(i + 1)
    } catch (error) {
      // The last line may be cut off: the file is still being written, or its writer was killed.
      if (i === all.length - 1 && records.length > 1) break
      const isOneObject = records.length < 2 && lines.length < 2
      throw new UsageError(
        `${file}, line ${i + 1}: is no JSON, expected ${isOneObject ? 'JSON, or one object on each line' : 'one object on each line'}: ${messageOf(isOneObject ? whyNotWhole : error)}`,
        { cause: error },
      )
    }
  }
  return { records, lines }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function recordsIn(value: Json, depth: number): Record_[] | undefined {
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every(isPrometheusSeries)) return value.flatMap(samplesOf)
    if (value.every(isObject)) return value
    if (value.every(Array.isArray)) return headed(value)
    if (value.every((item) => typeof item === 'number' || typeof item === 'string' || item === null))
      return value.map((item) => [item])
    return undefined
  }
  if (!isObject(value) || depth > DEEPEST) return undefined
  return splitOrient(value) ?? columnsByName(value) ?? byNumber(value) ?? within(value, depth)
}

/** Reads an array of rows, the first of which may name the columns. */
function headed(rows: Json[][]): Record_[] {
  const [first = [], ...others] = rows
  if (first.length === 0 || !first.every((cell) => typeof cell === 'string' && Number.isNaN(Number(cell)))) return rows
  return others.map((row) => Object.fromEntries(first.map((name, i) => [String(name), row[i] ?? null])))
}

/** Reads `{"columns": [...], "data": [[...]]}` of pandas. */
function splitOrient(value: JsonObject): Record_[] | undefined {
  const { columns, data } = value
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return undefined
  return data.map((row) => Object.fromEntries(columns.map((name, i) => [String(name), (row as Json[])[i] ?? null])))
}

/**
 * Reads `{"round": [1, 2], "rss": [500, 503]}`, or the same with objects by index in place of the
 * arrays.
 */
function columnsByName(value: JsonObject): Record_[] | undefined {
  const all = Object.entries(value)
  const columns = all.filter(([, column]) => Array.isArray(column) || isObject(column)) as [
    string,
    Json[] | JsonObject,
  ][]
  if (columns.length < 2 || columns.some(([, column]) => !Object.values(column).every(isPlain))) return undefined
  const keys = Object.keys(columns[0]![1])
  if (keys.length < 2 || !columns.every(([, column]) => Object.keys(column).length === keys.length)) return undefined
  if (!keys.every((key) => /^\d+$/.test(key))) return undefined
  return keys.map((key) =>
    Object.fromEntries(columns.map(([name, column]) => [name, (column as JsonObject)[key] ?? null])),
  )
}

function isPlain(value: Json): boolean {
  return value === null || typeof value !== 'object'
}

/** Reads rounds by number: `{"1": 500, "2": 503}` and `{"1": {"rss_mb": 500}, ...}`. */
function byNumber(value: JsonObject): Record_[] | undefined {
  const all = Object.entries(value)
  if (all.length < 2 || !all.every(([key]) => /^(?:round[\s_-]?)?\d+$/i.test(key))) return undefined
  const round = (key: string) => key.replace(/^\D+/, '')
  if (all.every(([, item]) => typeof item === 'number' || item === null))
    return all.map(([key, item]) => ({ round: round(key), memory: item }))
  return all.every(([, item]) => isObject(item))
    ? all.map(([key, item]) => ({ round: round(key), ...(item as JsonObject) }))
    : undefined
}

/** Returns the longest table within an object: `{"config": {...}, "rounds": [...]}`. */
function within(value: JsonObject, depth: number): Record_[] | undefined {
  const found = Object.entries(value).flatMap(([key, item]) => {
    const records = Array.isArray(item) || isObject(item) ? recordsIn(item, depth + 1) : undefined
    return records === undefined ? [] : [{ key, records }]
  })
  const longest = found.sort((a, b) => b.records.length - a.records.length)[0]
  if (longest === undefined) return undefined
  const areNumbers = longest.records.every((record) => Array.isArray(record) && record.length === 1)
  return areNumbers ? longest.records.map((record) => ({ [longest.key]: (record as Json[])[0]! })) : longest.records
}

function isPrometheusSeries(value: Json): boolean {
  return isObject(value) && isObject(value.metric) && (Array.isArray(value.values) || Array.isArray(value.value))
}

function samplesOf(series: Json): Record_[] {
  const { metric, values, value } = series as JsonObject
  const { __name__: name = 'value', ...labels } = metric as JsonObject
  const samples = (values ?? [value]) as Json[][]
  return samples.map(([time, bytes]) => ({ timestamp: time ?? null, ...labels, [String(name)]: bytes ?? null }))
}

function rowOf(row: Json[]): Map<string, string> {
  return new Map(row.map((cell, i) => [String(i), textOf(cell)]))
}

/** Flattens nested objects into names with dots, as pandas and Weights & Biases write them. */
function flattened(record: JsonObject, before = '', into = new Map<string, string>(), depth = 0): Map<string, string> {
  for (const [key, value] of Object.entries(record)) {
    const name = before === '' ? key : `${before}.${key}`
    if (isObject(value) && depth < DEEPEST) flattened(value, name, into, depth + 1)
    else if (!Array.isArray(value)) into.set(name, textOf(value))
  }
  return into
}

function textOf(value: Json): string {
  return value === null || typeof value === 'object' ? '' : String(value).trim()
}

import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import type { Aggregation, Combination } from '../../../src/federation/aggregation/aggregation.js'
import { SpoolFolder } from '../../../src/federation/aggregation/spool-folder.js'
import { SpoolStorage } from '../../../src/federation/aggregation/spool-storage.js'
import { memoryStorage, type Storage } from '../../../src/federation/aggregation/storage.js'
import type { FileState } from '../../../src/federation/tensors/file-state.js'
import type { GlobalState } from '../../../src/federation/tensors/global-state.js'
import { SafetensorsFile } from '../../../src/federation/tensors/safetensors/safetensors-file.js'
import { canonicalEntries, encodeEntries } from '../../../src/federation/tensors/safetensors/safetensors-header.js'
import { allocateTensor, type TensorSpec, type Weights } from '../../../src/federation/tensors/weights.js'
import { ownIdentity } from '../../../src/linux/process/process-identity.js'
import { UsageError } from '../../../src/shared/errors.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { bytesOf } from '../raw-client.js'

/** Larger than a block, in both number types, the narrow one first, with tensors of no values and of one between them. */
const specs: TensorSpec[] = [
  { name: 'a', dtype: 'F32', shape: [70_001] },
  { name: 'none', dtype: 'F32', shape: [0, 3] },
  { name: 'b', dtype: 'F64', shape: [40_000, 3] },
  { name: 'one', dtype: 'F64', shape: [] },
  { name: 'c', dtype: 'F32', shape: [300, 301] },
]

function weights(seed: number): Weights {
  const data = specs.map(allocateTensor)
  let state = seed
  for (const values of data)
    for (let i = 0; i < values.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
      values[i] = state / 2 ** 28
    }
  return { specs, data }
}

/** A share for each tensor: one that replaces the state, one that keeps a part of it, one that adds to it. */
const combination: Combination = {
  weight: (claim, { name }) => (name === 'c' ? 1 : claim.numExamples),
  scale: (accepted, { name }) => ({ keep: { a: 0, b: 0.25 }[name] ?? 1, rate: 0.7 / accepted.length }),
}

function open(storage: Storage): Aggregation {
  return storage.openAggregation({ round: 1, attempt: 0, specs, combination, summation: 'ordered', metadata: {} })
}

function body(bytes: Uint8Array): Readable {
  return Readable.from(
    Array.from({ length: Math.ceil(bytes.length / 65_521) }, (_, i) => bytes.subarray(i * 65_521, (i + 1) * 65_521)),
    { objectMode: false },
  )
}

function claim(client: string, numExamples = 3) {
  return { client, round: 1, attempt: 0, numExamples, steps: 1 }
}

async function combined(storage: Storage, clients: number): Promise<Weights> {
  const state = await storage.begin(weights(99), 0)
  const aggregation = open(storage)
  for (let i = clients; i > 0; i--)
    (await aggregation.receive(body(bytesOf(weights(i))), claim(`site-${i}`, i))).count()
  const next = await aggregation.combine(state)
  await storage.commit(next)
  return next.load()
}

it.each([1, 2, 3, 40])('%s results have the same mean in files as in memory, bit for bit', async (clients) => {
  const folder = temporaryFolder()
  const spooled = await combined(new SpoolStorage(SpoolFolder.open(folder)), clients)
  expect(bytesOf(spooled).equals(bytesOf(await combined(memoryStorage(), clients)))).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['owner', 'spare.safetensors', 'state.safetensors'])
})

/** One more round, whose one result is made of `seed`. */
async function advance(storage: Storage, state: GlobalState, seed: number, client = 'site-1'): Promise<GlobalState> {
  const aggregation = open(storage)
  ;(await aggregation.receive(body(bytesOf(weights(seed))), claim(client))).count()
  const next = await aggregation.combine(state)
  await aggregation.discard()
  await storage.commit(next)
  return next
}

it('a state that is written over the one before the last is the same as in memory, and as long', async () => {
  const folder = temporaryFolder()
  const inFiles = new SpoolStorage(SpoolFolder.open(folder))
  const inMemory = memoryStorage()
  let spooled = await inFiles.begin(weights(99), 0)
  let buffered = await inMemory.begin(weights(99), 0)
  const inodes = new Set<number>()
  // The names of those whose results are in a state are in its header: they make it longer, and shorter again.
  for (const [round, client] of ['short', 'a-name-that-is-longer', 'short', 'x', 'short'].entries()) {
    spooled = await advance(inFiles, spooled, round, client)
    buffered = await advance(inMemory, buffered, round, client)
    expect(bytesOf(await spooled.load()).equals(bytesOf(await buffered.load()))).toBe(true)
    const { size, ino } = statSync(join(folder, 'state.safetensors'))
    const { dataBytes, entries, metadata } = new SafetensorsFile(join(folder, 'state.safetensors'))
    expect(size).toBe(encodeEntries(entries, metadata).length + dataBytes)
    inodes.add(ino)
  }
  expect(inodes.size).toBe(2)
})

it('the state before the last is given back at the end', async () => {
  const folder = temporaryFolder()
  const storage = new SpoolStorage(SpoolFolder.open(folder))
  await advance(storage, await storage.begin(weights(1), 0), 2)
  expect(readdirSync(folder)).toContain('spare.safetensors')
  await storage.close(true)
  expect(readdirSync(folder)).toEqual(['state.safetensors'])
})

it('a round makes no list of its tensors: results in our own form and the state after it have the one of the job', async () => {
  const storage = new SpoolStorage(SpoolFolder.open(temporaryFolder()))
  let state = await storage.begin(weights(99), 0)
  for (let round = 1; round <= 3; round++) {
    const aggregation = open(storage)
    for (const client of ['site-1', 'site-2'])
      (await aggregation.receive(body(bytesOf(weights(round))), claim(client))).count()
    state = await aggregation.combine(state)
    await storage.commit(state)
    expect((state as FileState).file.entries).toBe(canonicalEntries(specs))
  }
})

it('a result whose header is another one than ours has the same sum', async () => {
  const whole = bytesOf(weights(5))
  const length = Number(whole.readBigUInt64LE())
  const head = encodeEntries(canonicalEntries(specs), { framework: 'another', note: 'x'.repeat(100) })
  const foreign = Buffer.concat([head, whole.subarray(8 + length)])
  const states = []
  for (const given of [whole, foreign]) {
    const storage = new SpoolStorage(SpoolFolder.open(temporaryFolder()))
    const aggregation = open(storage)
    const begun = await storage.begin(weights(99), 0)
    ;(await aggregation.receive(body(given), claim('site-1'))).count()
    states.push(bytesOf(await (await aggregation.combine(begun)).load()))
  }
  expect(states[1]!.equals(states[0]!)).toBe(true)
})

it('a value that is not finite is named by its tensor and index, and leaves no file', async () => {
  const folder = temporaryFolder()
  const storage = new SpoolStorage(SpoolFolder.open(folder))
  await storage.begin(weights(1), 0)
  const bad = weights(2)
  bad.data[2]![119_999] = Number.NaN
  await expect(open(storage).receive(body(bytesOf(bad)), claim('site-1'))).rejects.toThrow(
    'tensor "b" has the value NaN at index 119999',
  )
  expect(readdirSync(folder).sort()).toEqual(['owner', 'state.safetensors'])
})

it('a result that is not counted, or breaks off, leaves no file', async () => {
  const folder = temporaryFolder()
  const storage = new SpoolStorage(SpoolFolder.open(folder))
  await storage.begin(weights(1), 0)
  const aggregation = open(storage)
  ;(await aggregation.receive(body(bytesOf(weights(2))), claim('site-1'))).drop()
  const cut = bytesOf(weights(2)).subarray(0, 500_000)
  await expect(aggregation.receive(body(cut), claim('site-1'))).rejects.toThrow('ends within tensor "b"')
  expect(readdirSync(folder).sort()).toEqual(['owner', 'state.safetensors'])
})

it('who reads the state continues reading it while others take its place, one after another', async () => {
  const storage = new SpoolStorage(SpoolFolder.open(temporaryFolder()))
  let state = await storage.begin(weights(1), 0)
  const chunks = state.encode().chunks() as AsyncGenerator<Uint8Array>
  const read = [Buffer.from((await chunks.next()).value!)]
  for (const seed of [2, 3, 4]) state = await advance(storage, state, seed)
  await storage.close(false)
  for await (const chunk of chunks) read.push(Buffer.from(chunk))
  expect(Buffer.concat(read).equals(bytesOf(weights(1)))).toBe(true)
})

it('a folder that another server uses is refused, and what a server that is gone has left is removed', async () => {
  const folder = temporaryFolder()
  const other = SpoolFolder.open(folder)
  expect(() => SpoolFolder.open(folder)).toThrow(UsageError)
  expect(() => SpoolFolder.open(folder)).toThrow(`is in use by the server with pid ${process.pid}`)
  other.close(true)
  const gone = { ...ownIdentity(), pid: 2 ** 22 + 1, isLocked: false }
  writeFileSync(join(folder, 'owner'), JSON.stringify(gone))
  for (const name of ['round-3-0-0-result-1.safetensors', 'round-3-0-0.safetensors.part', 'notes.txt'])
    writeFileSync(join(folder, name), 'left over')
  const storage = new SpoolStorage(SpoolFolder.open(folder))
  await storage.begin(weights(1), 0)
  expect(readdirSync(folder).sort()).toEqual(['notes.txt', 'owner', 'state.safetensors'])
  await storage.close(false)
  expect(readdirSync(folder)).toEqual(['notes.txt'])
})

it('a round that has no room in the folder is refused before it starts', async () => {
  const folder = SpoolFolder.open(temporaryFolder())
  await folder.assertRoom(2, 1000)
  await expect(folder.assertRoom(2, 1e15)).rejects.toThrow(/of free space, and a round of 2 clients needs .* GiB/)
  // What is written over counts as free.
  await folder.assertRoom(2, 1e15, 1e16)
})

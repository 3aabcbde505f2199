import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  assertCheckpointWritable,
  readCheckpoint,
  writeCheckpoint,
} from '../../../src/federation/tensors/checkpoint.js'
import { stateInMemory } from '../../../src/federation/tensors/global-state.js'
import type { Weights } from '../../../src/federation/tensors/weights.js'
import { TidemarkError, UsageError } from '../../../src/shared/errors.js'
import { temporaryFolder } from '../../temporary-folder.js'

const weights: Weights = {
  specs: [
    { name: 'a', dtype: 'F32', shape: [3] },
    { name: 'b', dtype: 'F64', shape: [2, 1] },
  ],
  data: [Float32Array.of(1, 2, 3), Float64Array.of(0.1, 0.2)],
}

it('replaces the file as a whole, and leaves nothing beside it', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'model.safetensors')
  writeFileSync(file, 'the weights of a round before')
  await writeCheckpoint(file, stateInMemory(weights), { round: '2' })
  expect(readdirSync(folder)).toEqual(['model.safetensors'])
  const found = await readCheckpoint(file)
  expect(found.specs.map((spec) => spec.name)).toEqual(['b', 'a'])
  expect(found.data).toEqual([weights.data[1], weights.data[0]])
})

it('leaves the old file as it was when the new one cannot be written', async () => {
  const file = join(temporaryFolder(), 'model.safetensors')
  writeFileSync(file, 'old')
  const broken = { specs: weights.specs, data: [weights.data[0]!] }
  await expect(writeCheckpoint(file, stateInMemory(broken))).rejects.toThrow(TidemarkError)
  expect(readFileSync(file, 'utf8')).toBe('old')
})

it('says before the job that the folder is not there', async () => {
  await expect(assertCheckpointWritable(join(temporaryFolder(), 'no/such/model.safetensors'))).rejects.toThrow(
    UsageError,
  )
})

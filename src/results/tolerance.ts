/** What is too little to matter in a round: so many bytes, or a share of the level. */
export type PracticalFloor = { bytes: number } | { share: number }

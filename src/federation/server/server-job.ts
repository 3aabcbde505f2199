import type { Algorithm } from '../algorithms/algorithm.js'
import type { ServerModel, ServerSettings } from '../process/job.js'
export interface ServerJob {
  settings: ServerSettings
  algorithm: Algorithm
  /** Called once the process has measured itself without it. */
  loadModel: () => Promise<ServerModel>
}

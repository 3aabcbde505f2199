import type { Algorithm } from '../algorithms/algorithm.js'
import type { ServerModel, ServerSettings } from '../process/job.js'
export interface ServerJob {
  settings: ServerSettings
  algorithm: Algorithm
  /** Called after the process has measured its memory without the model. */
  loadModel: () => Promise<ServerModel>
}

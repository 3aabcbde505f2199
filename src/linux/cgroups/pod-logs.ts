import { readdirSync } from 'node:fs'
import { systemErrorCode } from '../../shared/errors.js'

/** What the name of a container's log says about the container. */
export interface ContainerLog {
  pod: string
  container: string
  id: string
}

/** Folder where the kubelet keeps the logs of containers. */
export const CONTAINER_LOGS = '/var/log/containers'
/** `POD_NAMESPACE_CONTAINER-ID.log`; none of the names contains an underscore. */
const NAME = /^([^_]+)_[^_]+_(.+)-([0-9a-f]{64})\.log$/

/** Returns the containers whose logs the kubelet of this machine keeps, running or not. */
export function containerLogs(folder: string): ContainerLog[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return [] // not a node
  }
  return names.flatMap((name) => {
    const [, pod, container, id] = NAME.exec(name) ?? []
    return id === undefined ? [] : [{ pod: pod!, container: container!, id }]
  })
}

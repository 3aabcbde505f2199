/**
 * The default export of a user's file. JavaScript goes through jiti as well: Node 20 cannot import TypeScript, and
 * `tidemark` is this very program, also where the file's own folder has no node_modules. jiti is loaded only then.
 *
 * @param modules what the file may import by name
 */
export async function importDefault(path: string, modules: Record<string, unknown>): Promise<unknown> {
  const { createJiti } = await import('jiti')
  const jiti = createJiti(import.meta.url, { fsCache: false, interopDefault: false, virtualModules: modules })
  return ((await jiti.import(path)) as { default?: unknown }).default
}

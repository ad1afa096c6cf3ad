/**
 * Makes this process a worker: it answers each request of its parent by the handler of that name, and ends with its
 * parent, however that ended.
 */
// biome-ignore lint/suspicious/noExplicitAny: each handler has an input of its own; the parent's side is typed by them
export function obey(handlers: Readonly<Record<string, (input: any) => unknown>>): void {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ name, input }: { name: string; input: unknown }) => {
    try {
      const output = await handlers[name]?.(input);
      process.send?.({ output });
    } catch (error) {
      process.send?.({ error: String(error) });
    }
  });
}

import { createCursors, Feeds } from '#feed';
import { createSchema, serveSource } from '#graphql';
import { parseModel } from '#model';
import { openServer, serverOptions } from '#server';
import { MemoryLog } from './memory-log.ts';
import { openNoFlink } from './no-flink.ts';

const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** A gateway in this process, over a log in memory, that serves the stream `things { name }`. */
export async function openInProcess(options: object = {}) {
  const text = 'type Thing @stream(topic: "things", plural: "things") { name: String! }';
  const parsed = parseModel([{ file: 'a.graphql', text }]);
  if (!parsed.ok) throw new Error('The declaration was expected to be right.');
  const { model } = parsed;
  const log = new MemoryLog(2);
  const feeds = new Feeds({ log });
  let beforeWrite = async () => {};
  const schema = createSchema({
    model,
    sources: model.sources.map((source) => serveSource(source)),
    feeds,
    cursors: createCursors([Buffer.alloc(32)]),
    writer: {
      async write(_topic, records) {
        await beforeWrite();
        return records.map(({ value }) => {
          const { partition, offset, timestampMs } = log.append(0, String(value));
          return { outcome: 'ACKED', partition, offset, timestampMs };
        });
      },
      close: () => Promise.resolve(),
    },
    flink: openNoFlink(model),
    errorLog: { error: quiet },
    produceTimeoutMs: 1000,
    queryTimeoutMs: 1000,
    now: Date.now,
  });
  const server = await openServer({
    schema,
    tabs: [],
    lastPages: () => feeds.flush(),
    readiness: async () => ({ kafka: true }),
    logger,
    options: serverOptions.parse({ port: 0, ...options }),
  });
  return {
    ...server,
    feeds,
    log,
    /** Appends a thing to the stream. */
    append: (name: string) => log.append(0, JSON.stringify({ name })),
    /** What a mutation waits for before it writes. */
    onWrite(before: () => Promise<void>) {
      beforeWrite = before;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await feeds.close();
    },
  };
}

/** Holds back what the log says of the topic, which each cursor is checked against, until it is told to go on. */
export function holdIdentify(log: MemoryLog): { readonly asked: Promise<void>; goOn(): void } {
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const identify = log.identify.bind(log);
  log.identify = async () => {
    asked.resolve();
    await held.promise;
    return await identify();
  };
  return { asked: asked.promise, goOn: held.resolve };
}

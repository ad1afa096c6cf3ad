import { createCursors, Feeds } from '#feed';
import { createSchema, serveSource } from '#graphql';
import type { Model } from '#model';
import { MemoryLog } from './memory-log.ts';
import { openNoFlink } from './no-flink.ts';

/** The schema of a model, to look at: nothing is behind it. */
export function schemaOf(model: Model) {
  return createSchema({
    model,
    sources: model.sources.map((source) => serveSource(source)),
    feeds: new Feeds({ log: new MemoryLog(1) }),
    cursors: createCursors([Buffer.alloc(32)]),
    writer: { write: () => Promise.resolve([]), close: () => Promise.resolve() },
    flink: openNoFlink(model),
    errorLog: { error: () => undefined },
    produceTimeoutMs: 1,
    queryTimeoutMs: 1,
    now: () => 0,
  });
}

import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import { createCursors, createRecordDecoder, Feeds } from '#feed';
import { createSchema, exampleOperations, printSortedSchema } from '#graphql';
import { createStreamDdl, isTable, loadModel } from '#model';
import { MemoryLog } from '../../support/memory-log.ts';
import { openNoFlink } from '../../support/no-flink.ts';

const model = await loadModel(join(import.meta.dirname, '../../../schema'));

function exampleSchema() {
  return createSchema({
    model,
    sources: model.sources.map((source) => {
      const codec = createCodec(source);
      const decode = createRecordDecoder(codec, isTable(source));
      return {
        source,
        codec,
        ddl: createStreamDdl(source),
        feed: { topic: source.topic, field: source.plural, decode },
      };
    }),
    feeds: new Feeds({ log: new MemoryLog(1) }),
    cursors: createCursors([Buffer.alloc(32)]),
    writer: { write: () => Promise.resolve([]), close: () => Promise.resolve() },
    flink: openNoFlink(model),
    produceTimeoutMs: 1,
    queryTimeoutMs: 1,
    now: () => 0,
  });
}

describe('the schema of the shipped examples', () => {
  it('is the one that is checked in', async () => {
    await expect(`${printSortedSchema(exampleSchema())}\n`).toMatchFileSnapshot('examples.schema.graphql');
  });

  it('accepts every operation that GraphiQL opens with', () => {
    const schema = exampleSchema();
    const operations = exampleOperations(model);
    expect(operations.length).toBeGreaterThan(4);
    for (const text of operations) expect(validate(schema, parse(text))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { createPreparedLog, type LogBatch, type RecordLog } from '#feed';

function batch(partition: number, offset: bigint): LogBatch {
  const record = { partition, offset, timestampMs: 0, key: null, value: Buffer.from('x'), headers: [] };
  const bounds = { start: 0n, end: 10n, epoch: 0 };
  return { partition, records: [record], next: offset + 1n, bounds, gap: null };
}

/** A log with these batches, of which nothing but reading is asked. */
function logOf(batches: readonly LogBatch[]): RecordLog {
  const unasked = () => Promise.reject(new Error('not asked in this test'));
  return {
    identify: unasked,
    bounds: unasked,
    positionAt: unasked,
    epochEnds: unasked,
    tombstonesKeptMs: unasked,
    read: () => Promise.resolve(batches),
    async *tail() {
      yield* batches;
    },
  };
}

const signal = new AbortController().signal;

describe('a log whose records must be prepared', () => {
  it('holds a batch back until it is, and keeps the order', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let asked = 0;
    const prepares = new Map([['avro', () => gates[asked++]?.promise ?? null]]);
    const log = createPreparedLog(logOf([batch(0, 0n), batch(1, 0n), batch(0, 1n)]), prepares);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { partition, next } of log.tail('avro', new Map(), { signal }))
        seen.push(`${partition}:${next}`);
    })();
    await new Promise(setImmediate);
    expect(seen).toEqual([]);
    gates[1]?.resolve();
    await new Promise(setImmediate);
    expect(seen).toEqual([]);
    gates[0]?.resolve();
    await reading;
    expect(seen).toEqual(['0:1', '1:1', '0:2']);
  });

  it('prepares all that one read of history brought, together', async () => {
    const gate = Promise.withResolvers<void>();
    let asked = 0;
    const prepare = () => {
      asked += 1;
      return gate.promise;
    };
    const log = createPreparedLog(logOf([batch(0, 0n), batch(1, 0n)]), new Map([['avro', prepare]]));
    const reading = log.read('avro', new Map(), { maxBytes: 1, signal });
    await new Promise(setImmediate);
    expect(asked).toBe(2);
    gate.resolve();
    expect(await reading).toHaveLength(2);
  });

  it('ends at once when the reader leaves while it waits', async () => {
    const leaving = new AbortController();
    const prepares = new Map([['avro', () => new Promise<void>(() => undefined)]]);
    const log = createPreparedLog(logOf([batch(0, 0n)]), prepares);
    const tail = log.tail('avro', new Map(), { signal: leaving.signal })[Symbol.asyncIterator]();
    const next = tail.next();
    leaving.abort();
    expect(await next).toMatchObject({ done: true });
  });

  it('gives other topics as they are, and is the log itself when there are none to prepare', async () => {
    const plain = logOf([batch(0, 0n)]);
    expect(createPreparedLog(plain, new Map())).toBe(plain);
    const log = createPreparedLog(plain, new Map([['avro', () => new Promise<void>(() => undefined)]]));
    expect(await log.read('json', new Map(), { maxBytes: 1, signal })).toHaveLength(1);
  });
});

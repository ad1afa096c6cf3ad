import { describe, expect, it } from 'vitest';
import { type CursorContent, createRecordDecoder } from '#feed';
import { resolveEnd, resolveStart, type StartPosition } from '../../../src/feed/start.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const decode = createRecordDecoder({ decode: (value) => ({ ok: true, node: { text: String(value) } }) }, false);

/** A log with so many records in each partition. */
function logOf(...records: number[]): MemoryLog {
  const log = new MemoryLog(records.length);
  for (const [partition, count] of records.entries()) {
    for (let index = 0; index < count; index += 1) log.append(partition, `${index}`);
  }
  return log;
}

async function contextOf(log: MemoryLog) {
  const { topicId } = log.identity;
  return { log, decode, topic: 't', topicId, bounds: await log.bounds(), signal: new AbortController().signal };
}

async function resolve(log: MemoryLog, start: StartPosition) {
  const { position, epochs, gap } = await resolveStart(start, await contextOf(log));
  return { position: [...position], epochs: [...epochs.values()], gap };
}

/** A cursor at these offsets as it was made of the log in its present state. */
async function cursorAt(log: MemoryLog, ...offsets: bigint[]): Promise<CursorContent> {
  const bounds = await log.bounds();
  return {
    topicId: log.identity.topicId,
    position: new Map(offsets.map((offset, partition) => [partition, offset])),
    epochs: new Map(offsets.map((_, partition) => [partition, bounds.get(partition)?.epoch ?? -1])),
  };
}

async function resume(log: MemoryLog, cursor: CursorContent) {
  return await resolve(log, { kind: 'after', cursor });
}

const truncated = { reason: 'TRUNCATED', missed: null };

describe('resuming after a cursor', () => {
  it('goes on where it stands, under the epochs of now', async () => {
    const log = logOf(3, 5);
    const cursor = await cursorAt(log, 1n, 5n);
    log.changeLeader(1);
    expect(await resume(log, cursor)).toEqual({
      position: [
        [0, 1n],
        [1, 5n],
      ],
      epochs: [0, 1],
      gap: null,
    });
  });

  it('asks nothing of the leaders as long as they are the same', async () => {
    const log = logOf(3);
    log.epochEnds = () => Promise.reject(new Error('asked'));
    expect(await resume(log, await cursorAt(log, 2n))).toMatchObject({ position: [[0, 2n]], gap: null });
  });

  it('begins at the beginning of a topic that was made anew, and says so', async () => {
    const log = logOf(3);
    const cursor = await cursorAt(log, 2n);
    log.recreate();
    log.append(0, 'new');
    expect(await resume(log, cursor)).toEqual({
      position: [[0, 0n]],
      epochs: [0],
      gap: { reason: 'RECREATED', missed: null },
    });
  });

  it('reads partitions that were added since from their beginning', async () => {
    const log = logOf(3);
    const cursor = await cursorAt(log, 2n);
    log.append(log.addPartition(), 'first of the new one');
    expect(await resume(log, cursor)).toMatchObject({
      position: [
        [0, 2n],
        [1, 0n],
      ],
      gap: null,
    });
  });

  it('stays before what has expired, so that the reader can tell how much that is', async () => {
    const log = logOf(9);
    const cursor = await cursorAt(log, 2n);
    log.expire(0, 5n);
    const { position, gap } = await resume(log, cursor);
    expect([position, gap]).toEqual([[[0, 2n]], null]);
    const { signal } = new AbortController();
    expect(await log.read('t', new Map([[0, 2n]]), { maxBytes: 100, signal })).toMatchObject([
      { gap: { reason: 'EXPIRED', from: 2n, to: 5n } },
    ]);
  });

  it('goes back to where a new leader lost records, however many were written since', async () => {
    const log = logOf(9, 9);
    const cursor = await cursorAt(log, 9n, 9n);
    log.truncate(0, 6n);
    for (let index = 0; index < 20; index += 1) log.append(0, `other ${index}`);
    log.changeLeader(0);
    expect(await resume(log, cursor)).toEqual({
      position: [
        [0, 6n],
        [1, 9n],
      ],
      epochs: [2, 0],
      gap: truncated,
    });
  });

  it('goes back to the first of several truncations', async () => {
    const log = logOf(9);
    const cursor = await cursorAt(log, 9n);
    log.truncate(0, 6n);
    log.append(0, 'other');
    log.truncate(0, 3n);
    log.append(0, 'another');
    expect(await resume(log, cursor)).toMatchObject({ position: [[0, 3n]], gap: truncated });
  });

  it('is not disturbed by a truncation of what it had not reached', async () => {
    const log = logOf(9);
    const cursor = await cursorAt(log, 4n);
    log.truncate(0, 4n);
    log.append(0, 'other');
    expect(await resume(log, cursor)).toMatchObject({ position: [[0, 4n]], gap: null });
  });

  it('goes on at the first record there is when what is left of a truncated log has expired', async () => {
    const log = logOf(9);
    const cursor = await cursorAt(log, 9n);
    log.truncate(0, 3n);
    for (let index = 0; index < 9; index += 1) log.append(0, 'other');
    log.expire(0, 7n);
    expect(await resume(log, cursor)).toMatchObject({ position: [[0, 7n]], gap: truncated });
  });

  it('goes back to the end of a log that is shorter under the same leader', async () => {
    const log = logOf(4);
    expect(await resume(log, await cursorAt(log, 40n))).toMatchObject({ position: [[0, 4n]], gap: truncated });
  });

  it('stays where it is among records of a transaction that is still open', async () => {
    const log = logOf(4);
    log.openTransaction(0);
    log.append(0, 'a');
    log.append(0, 'b');
    expect(await resume(log, await cursorAt(log, 6n))).toMatchObject({ position: [[0, 6n]], gap: null });
    expect(await resume(log, await cursorAt(log, 7n))).toMatchObject({ position: [[0, 6n]], gap: truncated });
  });

  it('tells of a leader epoch that is still to come: the cluster is a copy of an earlier one', async () => {
    const log = logOf(4);
    const cursor = { ...(await cursorAt(log, 3n)), epochs: new Map([[0, 7]]) };
    expect(await resume(log, cursor)).toMatchObject({ position: [[0, 3n]], epochs: [0], gap: truncated });
  });

  it('is checked against the end alone when the cursor knows no epoch', async () => {
    const log = logOf(9);
    const cursor = { ...(await cursorAt(log, 5n)), epochs: new Map() };
    log.truncate(0, 3n);
    expect(await resume(log, cursor)).toMatchObject({ position: [[0, 3n]], gap: truncated });
    for (let index = 0; index < 9; index += 1) log.append(0, 'other');
    expect(await resume(log, cursor)).toMatchObject({ position: [[0, 5n]], gap: null });
  });

  it('tells the gravest of gaps: made anew before truncated', async () => {
    const log = logOf(9, 9);
    const cursor = await cursorAt(log, 9n, 9n);
    log.truncate(0, 3n);
    expect(await resume(log, cursor)).toMatchObject({ gap: truncated });
    log.recreate();
    expect(await resume(log, cursor)).toMatchObject({ gap: { reason: 'RECREATED' } });
  });
});

describe('starting elsewhere', () => {
  it.each<{ where: string; start: StartPosition; offsets: bigint[] }>([
    { where: 'the beginning', start: { kind: 'earliest' }, offsets: [2n, 0n] },
    { where: 'the end', start: { kind: 'latest' }, offsets: [9n, 4n] },
    { where: 'a time', start: { kind: 'time', timestampMs: 3 }, offsets: [3n, 3n] },
    { where: 'the last record', start: { kind: 'last', count: 1 }, offsets: [8n, 4n] },
    {
      where: 'offsets, elsewhere at the end',
      start: { kind: 'offsets', offsets: [{ partition: 1, offset: 2n }] },
      offsets: [9n, 2n],
    },
  ])('finds $where', async ({ start, offsets }) => {
    const log = logOf(9, 4);
    log.expire(0, 2n);
    const { position, epochs, gap } = await resolve(log, start);
    expect(position).toEqual(offsets.map((offset, partition) => [partition, offset]));
    expect([epochs, gap]).toEqual([[0, 0], null]);
  });

  const atOffset = (offset: bigint, partition = 0): StartPosition => ({
    kind: 'offsets',
    offsets: [{ partition, offset }],
  });

  it('takes an offset that has expired: the reader tells the gap', async () => {
    const log = logOf(9);
    log.expire(0, 5n);
    expect(await resolve(log, atOffset(1n))).toMatchObject({ position: [[0, 1n]], gap: null });
  });

  it('takes the end itself, and offsets of a transaction that is still open', async () => {
    const log = logOf(9);
    log.openTransaction(0);
    log.append(0, 'a');
    expect(await resolve(log, atOffset(9n))).toMatchObject({ position: [[0, 9n]] });
    expect(await resolve(log, atOffset(10n))).toMatchObject({ position: [[0, 10n]] });
  });

  it.each<[StartPosition, string]>([
    [atOffset(10n), 'Partition 0 of topic "t" has no offset 10; reading can start at 5 to 9.'],
    [atOffset(-1n), 'An offset is 0 or more, not -1.'],
    [atOffset(0n, 3), 'Topic "t" has no partition 3; it has 0 to 0.'],
  ])('refuses offsets that are none, and says: %2$s', async (start, message) => {
    const log = logOf(9);
    log.expire(0, 5n);
    await expect(resolve(log, start)).rejects.toMatchObject({ code: 'BAD_INPUT', message });
  });
});

describe('ending', () => {
  it('takes an end that is still to come', async () => {
    const context = await contextOf(logOf(3));
    const end = await resolveEnd({ kind: 'offsets', offsets: [{ partition: 0, offset: 50n }] }, context);
    expect([...end]).toEqual([[0, 50n]]);
  });
});

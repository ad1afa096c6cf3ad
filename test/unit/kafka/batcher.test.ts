import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AttemptResult } from '../../../src/kafka/batch.ts';
import { Batcher } from '../../../src/kafka/batcher.ts';
import { topicMissing } from '../../../src/kafka/failures.ts';
import { type WriterOptions, writerSchema } from '../../../src/kafka/options.ts';
import { Segment, WriteCall } from '../../../src/kafka/write-call.ts';
import {
  acked,
  FakeSender,
  forbidden,
  notSent,
  record,
  sessionLost,
  textsOf,
  tooLarge,
  unresolved,
} from './fake-sender.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A batcher over a fake sender, and a way to write to partitions of topic "t". */
function setup(options: Partial<WriterOptions> = {}) {
  const sender = new FakeSender();
  const failures: string[] = [];
  const batcher = new Batcher(sender, { ...writerSchema.parse({}), ...options }, (topic) => failures.push(topic));
  const write = (texts: string[], { partition = 0, deadlineMs = 1_000, leader = 1 } = {}) => {
    const call = new WriteCall(texts.length);
    const indexes = texts.map((_, i) => i);
    const segment = new Segment(
      call,
      indexes,
      texts.map((text) => record(text, partition)),
    );
    call.segments.add(segment);
    call.expireAfter(deadlineMs, () => batcher.expire(call, 't'));
    batcher.add('t', leader, segment);
    return call.answer;
  };
  /** Runs what is due now. */
  const turn = () => vi.advanceTimersByTimeAsync(0);
  /** Lets a rest of so many milliseconds pass, and what is due then run. */
  const rest = (ms: number) => vi.advanceTimersByTimeAsync(ms + 1);
  return { sender, batcher, write, turn, rest, failures };
}

describe('Batcher', () => {
  it('gathers what arrives in one turn of the event loop, all partitions of a broker in one request', async () => {
    const { sender, write, turn } = setup();
    const answers = [write(['a', 'b']), write(['c']), write(['d'], { partition: 1 })];
    await turn();
    expect(sender.attempts[0]?.batches.map(textsOf)).toEqual([['a', 'b', 'c'], ['d']]);
    await sender.attempts[0]?.answer(acked(10n), acked(70n));
    const outcomes = await Promise.all(answers);
    expect(outcomes.map((of) => of.map((outcome) => outcome.outcome === 'ACKED' && outcome.offset))).toEqual([
      [10n, 11n],
      [12n],
      [70n],
    ]);
  });

  it('has one request out per broker, and forms the next one of what came meanwhile', async () => {
    const { sender, write, turn } = setup();
    void write(['a']);
    await turn();
    void write(['b']);
    void write(['x'], { partition: 5, leader: 2 });
    await turn();
    void write(['c']);
    await turn();
    expect(sender.attempts.map(({ batches }) => batches.map(textsOf))).toEqual([[['a']], [['x']]]);
    await sender.attempts[0]?.answer(acked(0n));
    expect(sender.attempts.at(-1)?.batches.map(textsOf)).toEqual([['b', 'c']]);
  });

  it('ends a batch at its size, and cuts a call that is larger', async () => {
    const { sender, write, turn } = setup({ maxBatchBytes: 200 });
    const answer = write(Array.from({ length: 10 }, (_, i) => `${i}`.padEnd(30, '.')));
    await turn();
    let offset = 0n;
    const sizes: number[] = [];
    for (let attempt = sender.attempts[0]; attempt; attempt = sender.attempts[0]) {
      const count = textsOf(attempt.batches[0]).length;
      sizes.push(count);
      await attempt.answer(acked(offset));
      offset += BigInt(count);
      await turn();
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4);
    const outcomes = await answer;
    expect(outcomes.map((outcome) => outcome.outcome === 'ACKED' && Number(outcome.offset))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('refuses more than its bounds in records and in bytes', async () => {
    const { batcher, write } = setup({ maxQueuedRecords: 3, maxQueuedBytes: 300 });
    void write(['a', 'b']);
    expect(() => batcher.checkRoom(2, 2)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    expect(() => batcher.checkRoom(1, 290)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    expect(() => batcher.checkRoom(1, 10)).not.toThrow();
  });

  it('has room again for what was answered', async () => {
    const { sender, batcher, write, turn } = setup({ maxQueuedRecords: 2 });
    void write(['a', 'b']);
    await turn();
    await sender.attempts[0]?.answer(acked(0n));
    expect(batcher.queuedRecords).toBe(0);
    expect(() => batcher.checkRoom(2, 2)).not.toThrow();
  });
});

describe('Batcher at a deadline', () => {
  it('says NOT_WRITTEN of what still waits, and does not send it', async () => {
    const { sender, write, turn } = setup();
    void write(['a'], { deadlineMs: 5_000 });
    await turn();
    const late = write(['b'], { deadlineMs: 100 });
    const patient = write(['c'], { deadlineMs: 5_000 });
    await vi.advanceTimersByTimeAsync(100);
    expect(await late).toMatchObject([{ outcome: 'NOT_WRITTEN', error: { code: 'TIMEOUT' } }]);
    await sender.attempts[0]?.answer(acked(0n));
    expect(textsOf(sender.attempts[0]?.batches[0])).toEqual(['c']);
    await sender.attempts[0]?.answer(acked(1n));
    expect(await patient).toMatchObject([{ outcome: 'ACKED', offset: 1n }]);
  });

  it('says UNKNOWN of what was sent, and keeps the partition closed until the attempt is over', async () => {
    const { sender, write, turn } = setup();
    const sent = write(['a'], { deadlineMs: 100 });
    await turn();
    sender.attempts[0]?.send();
    const next = write(['b'], { deadlineMs: 5_000 });
    await vi.advanceTimersByTimeAsync(100);
    expect(await sent).toMatchObject([{ outcome: 'UNKNOWN', error: { code: 'TIMEOUT' } }]);
    expect(sender.attempts).toHaveLength(1);
    await sender.attempts[0]?.answer(acked(0n));
    await sender.attempts[0]?.answer(acked(1n));
    expect(await next).toMatchObject([{ outcome: 'ACKED', offset: 1n }]);
  });

  it('takes back a batch that has not left yet, and sends the rest of it again', async () => {
    const { sender, write, turn } = setup();
    const late = write(['a'], { deadlineMs: 100 });
    const patient = write(['b'], { deadlineMs: 5_000 });
    await turn();
    await vi.advanceTimersByTimeAsync(100);
    expect(await late).toMatchObject([{ outcome: 'NOT_WRITTEN' }]);
    expect(sender.attempts[0]?.batches[0]?.cancelled).toBe(true);
    await sender.attempts[0]?.answer(notSent);
    await turn();
    expect(textsOf(sender.attempts[0]?.batches[0])).toEqual(['b']);
    await sender.attempts[0]?.answer(acked(0n));
    expect(await patient).toMatchObject([{ outcome: 'ACKED' }]);
  });

  it('tells why when Kafka could not be reached all the time', async () => {
    const { sender, write, turn, failures } = setup();
    const answer = write(['a'], { deadlineMs: 1_000 });
    await turn();
    const attempts = vi.waitFor(() => answer);
    for (let i = 0; i < 20; i += 1) {
      await sender.attempts[0]?.answer(notSent);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(await attempts).toMatchObject([{ outcome: 'NOT_WRITTEN', error: { code: 'KAFKA_UNAVAILABLE' } }]);
    expect(failures).toContain('t');
  });
});

describe('Batcher after a failed attempt', () => {
  it('sends again, before anything later, what certainly was not sent', async () => {
    const { sender, write, turn, rest } = setup();
    const first = write(['a']);
    await turn();
    const second = write(['b']);
    await sender.attempts[0]?.answer(notSent);
    await rest(20);
    expect(textsOf(sender.attempts[0]?.batches[0])).toEqual(['a', 'b']);
    await sender.attempts[0]?.answer(acked(0n));
    expect(await first).toMatchObject([{ outcome: 'ACKED', offset: 0n }]);
    expect(await second).toMatchObject([{ outcome: 'ACKED', offset: 1n }]);
  });

  it('sends nothing but the very same batch after one whose fate is unknown', async () => {
    const { sender, write, turn, rest } = setup();
    const first = write(['a'], { deadlineMs: 5_000 });
    await turn();
    const batch = sender.attempts[0]?.batches[0];
    sender.attempts[0]?.send();
    const second = write(['b'], { deadlineMs: 5_000 });
    await sender.attempts[0]?.answer(unresolved);
    await rest(20);
    expect(sender.attempts.map(({ batches }) => batches)).toEqual([[batch]]);
    await sender.attempts[0]?.answer(notSent);
    await rest(40);
    expect(sender.attempts.map(({ batches }) => batches)).toEqual([[batch]]);
    await sender.attempts[0]?.answer(acked(7n));
    await turn();
    expect(await first).toMatchObject([{ outcome: 'ACKED', offset: 7n }]);
    await sender.attempts[0]?.answer(acked(8n));
    expect(await second).toMatchObject([{ outcome: 'ACKED', offset: 8n }]);
  });

  it('gives such a batch up when nobody waits for it any more, and its producer with it', async () => {
    const { sender, batcher, write, turn } = setup();
    const first = write(['a'], { deadlineMs: 100 });
    await turn();
    const batch = sender.attempts[0]?.batches[0];
    sender.attempts[0]?.send();
    await vi.advanceTimersByTimeAsync(100);
    await sender.attempts[0]?.answer(unresolved);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await first).toMatchObject([{ outcome: 'UNKNOWN' }]);
    expect(sender.abandoned).toEqual([batch]);
    expect(batcher.queuedRecords).toBe(0);
  });

  it('sends again with a new producer what a broken sequence kept out, unless it had left before', async () => {
    const { sender, write, turn, rest } = setup();
    const first = write(['a']);
    await turn();
    await sender.attempts[0]?.answer(sessionLost);
    await rest(20);
    sender.attempts[0]?.send();
    await sender.attempts[0]?.answer(unresolved);
    await rest(20);
    await sender.attempts[0]?.answer(sessionLost);
    expect(await first).toMatchObject([{ outcome: 'UNKNOWN' }]);
  });

  it('finds the one record that Kafka refuses, and writes the others', async () => {
    const { sender, write, turn } = setup();
    const answers = [write(['a', 'b']), write(['huge']), write(['c', 'd'])];
    await turn();
    let offset = 0n;
    for (let attempt = sender.attempts[0]; attempt; attempt = sender.attempts[0]) {
      const texts = textsOf(attempt.batches[0]);
      if (texts.includes('huge')) {
        await attempt.answer(tooLarge);
      } else {
        await attempt.answer(acked(offset));
        offset += BigInt(texts.length);
      }
      await turn();
    }
    const outcomes = (await Promise.all(answers)).flat();
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['ACKED', 'ACKED', 'NOT_WRITTEN', 'ACKED', 'ACKED']);
    expect(outcomes.flatMap((outcome) => (outcome.outcome === 'ACKED' ? outcome.offset : []))).toEqual([
      0n,
      1n,
      2n,
      3n,
    ]);
  });

  it('says NOT_WRITTEN of what Kafka will never take', async () => {
    const { sender, write, turn } = setup();
    const answer = write(['a', 'b']);
    await turn();
    await sender.attempts[0]?.answer(forbidden);
    expect(await answer).toMatchObject([
      { outcome: 'NOT_WRITTEN', error: { code: 'KAFKA_REFUSED' } },
      { outcome: 'NOT_WRITTEN' },
    ]);
  });

  it('refuses what waits for a topic that is gone', async () => {
    const { sender, batcher, write, turn } = setup();
    const answer = write(['a']);
    await turn();
    await sender.attempts[0]?.answer(notSent);
    batcher.refuse('t', topicMissing('t'));
    expect(await answer).toMatchObject([{ outcome: 'NOT_WRITTEN', error: { code: 'TOPIC_MISSING' } }]);
  });
});

describe('Batcher on close', () => {
  it('waits for what is queued', async () => {
    const { sender, batcher, write, turn } = setup();
    const answer = write(['a']);
    const closed = batcher.close(5_000);
    await turn();
    await sender.attempts[0]?.answer(acked(0n));
    await closed;
    expect(await answer).toMatchObject([{ outcome: 'ACKED' }]);
  });

  it('gives every record an outcome when its own time is over', async () => {
    const { sender, batcher, write, turn } = setup();
    const sent = write(['a'], { deadlineMs: 60_000 });
    await turn();
    sender.attempts[0]?.send();
    const waiting = write(['b'], { deadlineMs: 60_000 });
    const closed = batcher.close(100);
    await vi.advanceTimersByTimeAsync(100);
    await closed;
    expect(await sent).toMatchObject([{ outcome: 'UNKNOWN', error: { code: 'SHUTTING_DOWN' } }]);
    expect(await waiting).toMatchObject([{ outcome: 'NOT_WRITTEN', error: { code: 'SHUTTING_DOWN' } }]);
  });
});

describe('Batcher over a log that forgets answers', () => {
  it('keeps every acknowledged record, once, in order, whatever the attempts come to', async () => {
    const kinds = fc.array(fc.constantFrom('ok', 'ok', 'not-sent', 'lost-answer', 'lost-request', 'too-large'), {
      maxLength: 40,
    });
    const calls = fc.array(
      fc.record({ records: fc.integer({ min: 1, max: 4 }), partition: fc.integer({ min: 0, max: 2 }) }),
      {
        minLength: 1,
        maxLength: 25,
      },
    );
    await fc.assert(
      fc.asyncProperty(kinds, calls, async (fates, plan) => {
        const { sender, write, turn } = setup();
        const logs = new Map<number, string[]>();
        const appended = new Map<unknown, bigint>();
        const answers = plan.map(({ records, partition }, i) => ({
          partition,
          texts: Array.from({ length: records }, (_, k) => `${i}.${k}`),
        }));
        const outcomes = answers.map(({ texts, partition }) => write(texts, { partition, deadlineMs: 120_000 }));
        const fate = fates.values();
        for (let i = 0; i < 500; i += 1) {
          await turn();
          const attempt = sender.attempts[0];
          if (!attempt) {
            await vi.advanceTimersByTimeAsync(1_000);
            if (sender.attempts.length === 0) break;
            continue;
          }
          const results = attempt.batches.map((batch): AttemptResult => {
            const what = fate.next().value ?? 'ok';
            if (what === 'not-sent') return notSent;
            if (what === 'too-large' && !batch.exposed) return tooLarge;
            batch.exposed = true;
            if (what === 'lost-request') return unresolved;
            const log = logs.get(batch.partition) ?? [];
            logs.set(batch.partition, log);
            const known = appended.get(batch);
            const base = known ?? BigInt(log.length);
            if (known === undefined) log.push(...textsOf(batch));
            appended.set(batch, base);
            return what === 'lost-answer' ? unresolved : acked(base);
          });
          await attempt.answer(...results);
        }
        for (const [i, answer] of (await Promise.all(outcomes)).entries()) {
          for (const [k, outcome] of answer.entries()) {
            const log = logs.get(answers[i]?.partition ?? 0) ?? [];
            const text = answers[i]?.texts[k] ?? '';
            if (outcome.outcome === 'ACKED') expect(log[Number(outcome.offset)]).toBe(text);
            if (outcome.outcome === 'NOT_WRITTEN') expect(log).not.toContain(text);
          }
        }
        for (const [partition, log] of logs) {
          const written = answers.flatMap((answer) => (answer.partition === partition ? answer.texts : []));
          expect(log).toEqual(written.filter((text) => log.includes(text)));
        }
      }),
      { numRuns: 150 },
    );
  });
});

import { onTestFinished, vi } from 'vitest';
import { openBridges } from '#bridge';
import { SluiceError } from '#errors';
import type { RecordLog } from '#feed';
import { serveSource } from '#graphql';
import type { NewRecord, WriteOutcome } from '#kafka';
import type { Stream } from '#model';
import type { Lease } from '#redis';
import { field, stream } from '../unit/codec/declared.ts';
import { MemoryLog } from './memory-log.ts';
import { patience } from './patience.ts';

const away = () => new SluiceError('KAFKA_UNAVAILABLE', 'Kafka is away.');

/** What becomes of a record: written and acknowledged, or one of the others. */
export type Fate = 'ACKED' | 'NOT_WRITTEN' | 'UNKNOWN, WRITTEN' | 'UNKNOWN' | 'TOO LARGE';

/** A stream in Redis, a topic of two partitions, and the lease that all gateways share. */
export class BridgeWorld {
  redis = new MemoryLog(1);
  readonly topic = new MemoryLog(2);
  readonly notes = new Map<string, string>();
  readonly source: Stream;
  fateOf: (record: NewRecord, write: number) => Fate = () => 'ACKED';
  writes = 0;
  holder: object | null = null;

  constructor(kind: 'STREAM' | 'CHANNEL', options: Partial<Stream> = {}) {
    const fields = [field('n', 'Int', { required: true })];
    const into = stream(fields, { topic: 'copies', key: fields, partitions: 2 });
    const redis = { kind, name: 'numbers', keptMs: null } as const;
    this.source = stream(fields, { source: 'REDIS', topic: 'place:numbers', redis, into, ...options });
  }

  /** Numbers that are added to the stream, or published. */
  add(...values: readonly (number | string)[]): void {
    for (const value of values) this.redis.append(0, typeof value === 'string' ? value : JSON.stringify({ n: value }));
  }

  /** What is in the topic, by partition. */
  async copies(): Promise<readonly (readonly number[])[]> {
    const read = { maxBytes: 1e6, signal: new AbortController().signal };
    const of = async (partition: number) => {
      const batches = await this.topic.read('copies', new Map([[partition, 0n]]), read);
      return batches.flatMap(({ records }) => records.map(({ value }) => JSON.parse(String(value)).n as number));
    };
    return [await of(0), await of(1)];
  }

  /** All numbers in the topic, in their order. */
  async copied(): Promise<readonly number[]> {
    return (await this.copies()).flat().toSorted((left, right) => left - right);
  }

  #write(records: readonly NewRecord[]): readonly WriteOutcome[] {
    this.writes += 1;
    return records.map((record): WriteOutcome => {
      const fate = this.fateOf(record, this.writes);
      const partition = Number(String(record.key)) % 2;
      if (fate === 'ACKED' || fate === 'UNKNOWN, WRITTEN') {
        const { headers, value } = record;
        const { offset, timestampMs } = this.topic.append(partition, String(value), { headers: [...headers] });
        if (fate === 'ACKED') return { outcome: 'ACKED', partition, offset, timestampMs };
      }
      if (fate === 'TOO LARGE') {
        return { outcome: 'NOT_WRITTEN', partition, error: new SluiceError('RECORD_TOO_LARGE', 'It is too large.') };
      }
      return { outcome: fate === 'NOT_WRITTEN' ? fate : 'UNKNOWN', partition, error: away() };
    });
  }

  #lease(name: string): Lease {
    const me = {};
    const world = this;
    return {
      acquire: async () => {
        world.holder ??= me;
        return world.holder === me;
      },
      renew: async () => world.holder === me,
      get leftMs() {
        return world.holder === me ? 5_000 : 0;
      },
      renewEveryMs: 5,
      note: async () => world.notes.get(name) ?? null,
      async setNote(text) {
        if (world.holder === me) world.notes.set(name, text);
        return world.holder === me;
      },
      async release() {
        if (world.holder === me) world.holder = null;
      },
    };
  }

  gateway() {
    const logger = { info: vi.fn(), warn: vi.fn() };
    const { redis: log } = this;
    const kafka = {
      log: this.topic,
      writer: { write: async (_topic: string, records: readonly NewRecord[]) => this.#write(records) },
      admin: { ensure: async () => [] },
    };
    const redis = { logOf: (): RecordLog => log, lease: (name: string) => this.#lease(name) };
    const served = serveSource(this.source);
    const open = openBridges([served], { redis, kafka, logger, retryMs: 2, turnEveryMs: 5 });
    open.start();
    onTestFinished(() => open.close());
    const counters = open.counters.get('Thing');
    return { ...open, logger, served, of: () => counters, problem: () => open.problemOf(this.source) };
  }
}

/** Waits until the check passes. */
export const until = (check: () => Promise<void> | void) => vi.waitFor(check, { ...patience, interval: 5 });
/** What a gateway warned of. */
export const warningsOf = ({ logger }: ReturnType<BridgeWorld['gateway']>) =>
  logger.warn.mock.calls.map(([, text]) => String(text));

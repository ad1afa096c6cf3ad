import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SluiceError } from '#errors';
import { serveSource } from '#graphql';
import type { NewRecord, StoredPositions, WriteOutcome, Writer } from '#kafka';
import { type DeadLettersOptions, openDeadLetters } from '../../src/dead-letters.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { patience } from '../support/patience.ts';
import { field, stream } from './codec/declared.ts';

type Outcome = (record: NewRecord) => SluiceError | null;

/** A topic, its dead letters, and the stored positions that all replicas share. */
class World {
  readonly log = new MemoryLog(1);
  readonly letters: NewRecord[] = [];
  readonly #stored = new Map<string, Map<number, bigint>>();
  /** Decides over each record that is written. */
  outcome: Outcome = () => null;

  readonly #positions: StoredPositions = {
    load: async (_name, { topicId }) => new Map(this.#storedOf(topicId)),
    store: async (_name, { topicId }, position) => {
      this.#stored.set(topicId, new Map([...this.#storedOf(topicId), ...position]));
    },
  };
  readonly #writer: Pick<Writer, 'write'> = {
    write: async (_topic, records) =>
      records.map((record): WriteOutcome => {
        const error = this.outcome(record);
        if (error) return { outcome: 'NOT_WRITTEN', partition: null, error };
        this.letters.push(record);
        return { outcome: 'ACKED', partition: 0, offset: BigInt(this.letters.length), timestampMs: 0 };
      }),
  };

  /** Where the topic, as it is now, stands. */
  get stored(): ReadonlyMap<number, bigint> {
    return this.#storedOf(this.log.identity.topicId);
  }

  #storedOf(topicId: string): ReadonlyMap<number, bigint> {
    return this.#stored.get(topicId) ?? new Map();
  }

  /** A gateway that looks through the topic. */
  replica(options: Partial<DeadLettersOptions> = {}) {
    const declared = { onBadRecord: 'DEAD_LETTER', deadLetterTopic: 'things.dlq' } as const;
    const served = serveSource(stream([field('id', 'Int', { required: true })], declared));
    const kafka = {
      log: this.log,
      positions: this.#positions,
      writer: this.#writer,
      admin: { ensure: async () => [] },
    };
    const logger = { warn: vi.fn(), error: vi.fn() };
    const open = openDeadLetters([served], { kafka, logger, yieldMs: 0, retryMs: 5, ...options });
    onTestFinished(() => open.close());
    return { ...open, logger, count: () => served.badRecords.count };
  }
}

const until = (check: () => void) => vi.waitFor(check, patience);
const offsetOf = ({ headers }: NewRecord) =>
  headers.find(({ name }) => name === '__connect.errors.offset')?.value?.toString();

describe('dead letters', () => {
  it('are the records that do not decode as they were, with the reason and the place in the headers of Kafka Connect', async () => {
    const world = new World();
    world.log.append(0, '{"id":1}');
    world.log.append(0, '{"id":"x"}', {
      key: 'k',
      timestampMs: 77,
      headers: [{ name: 'trace', value: Buffer.from('t') }],
    });
    world.log.append(0, null);
    const replica = world.replica();
    await until(() => expect(world.letters).toHaveLength(2));
    const [first, tombstone] = world.letters;
    expect(first).toMatchObject({ key: Buffer.from('k'), value: Buffer.from('{"id":"x"}') });
    expect(Object.fromEntries(first?.headers.map(({ name, value }) => [name, String(value)]) ?? [])).toEqual({
      trace: 't',
      '__connect.errors.topic': 'things',
      '__connect.errors.partition': '0',
      '__connect.errors.offset': '1',
      '__connect.errors.timestamp': '77',
      '__connect.errors.connector.name': 'sluice',
      '__connect.errors.stage': 'VALUE_CONVERTER',
      '__connect.errors.exception.class.name': 'BadRecord',
      '__connect.errors.exception.message': 'field `id`: expected Int (an integer of 32 bits), got the string "x"',
    });
    expect(tombstone?.value).toBeNull();
    expect(replica.count()).toBe(2);
  });

  it('are not written again by a gateway that starts later', async () => {
    const world = new World();
    world.log.append(0, 'bad');
    const first = world.replica();
    await until(() => expect(world.stored.get(0)).toBe(1n));
    await first.close();
    world.log.append(0, 'worse');
    world.replica();
    await until(() => expect(world.letters.map(offsetOf)).toEqual(['0', '1']));
  });

  it('are written by one of two gateways, and by the other when that one is gone', async () => {
    const world = new World();
    const quick = world.replica();
    world.log.append(0, 'bad');
    await until(() => expect(world.stored.get(0)).toBe(1n));
    const other = world.replica({ yieldMs: 250, random: () => 0 });
    for (let n = 1; n < 5; n++) {
      world.log.append(0, 'bad');
      await until(() => expect(world.stored.get(0)).toBe(BigInt(n + 1)));
    }
    await until(() => expect(other.count()).toBe(4));
    await quick.close();
    world.log.append(0, 'bad');
    await until(() => expect(world.letters.map(offsetOf)).toEqual(['0', '1', '2', '3', '4', '5']));
  });

  it('are tried again until Kafka has acknowledged them, and the position waits for that', async () => {
    const world = new World();
    world.outcome = () => new SluiceError('KAFKA_UNAVAILABLE', 'Away.');
    world.log.append(0, 'bad');
    const replica = world.replica();
    await until(() => expect(replica.logger.warn).toHaveBeenCalled());
    expect(world.stored.get(0)).toBeUndefined();
    world.outcome = () => null;
    await until(() => expect(world.letters.map(offsetOf)).toEqual(['0']));
    await until(() => expect(world.stored.get(0)).toBe(1n));
  });

  it('come without their value into a topic that takes nothing so large', async () => {
    const world = new World();
    world.outcome = ({ value }) => (value === null ? null : new SluiceError('RECORD_TOO_LARGE', 'Too large.'));
    world.log.append(0, 'bad', { key: 'k' });
    world.replica();
    await until(() => expect(world.letters).toHaveLength(1));
    expect(world.letters[0]).toMatchObject({ key: Buffer.from('k'), value: null });
    const reason = world.letters[0]?.headers.at(-1)?.value?.toString();
    expect(reason).toMatch(/^the value is not valid JSON.*Its value of 3 bytes is left out: Too large\./);
  });

  it('begin anew with a topic that was made anew', async () => {
    const world = new World();
    world.log.append(0, 'bad');
    world.replica();
    await until(() => expect(world.stored.get(0)).toBe(1n));
    world.log.recreate();
    world.log.append(0, 'worse');
    await until(() => expect(world.letters).toHaveLength(2));
    expect(world.letters.map(({ value }) => String(value))).toEqual(['bad', 'worse']);
  });

  it('end at once when the gateway does', async () => {
    const world = new World();
    world.log.append(0, 'bad');
    const replica = world.replica({ yieldMs: 60_000 });
    await until(() => expect(world.log.tails).toBe(1));
    const ended = await Promise.race([replica.close().then(() => true), delay(2000, false)]);
    expect(ended).toBe(true);
    expect(world.letters).toEqual([]);
  });
});

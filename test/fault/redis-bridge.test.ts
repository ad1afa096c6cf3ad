import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { describe, expect, it, vi } from 'vitest';
import { openBroker } from '../support/broker.ts';
import { post } from '../support/client.ts';
import { declare } from '../support/declarations.ts';
import { openOwnGateway } from '../support/gateway.ts';
import { openTestKafka, readAll, recordsOf } from '../support/kafka.ts';
import { patience } from '../support/patience.ts';
import { openRedisServer } from '../support/redis.ts';

const declaration = `
type Sale @stream(source: REDIS, stream: "orders", into: "orders", key: ["user"], partitions: 3) { user: ID! n: Int! }
type Note @stream(source: REDIS, channel: "notes", into: "notes", partitions: 1) { n: Int! }
`;

describe('a Kafka that is killed while streams of Redis are copied into it', () => {
  it('costs no entry of a Redis Stream and doubles none, and the trouble is told while it lasts', async () => {
    await using opened = new AsyncDisposableStack();
    const broker = opened.use(await openBroker());
    const redis = opened.use(await openRedisServer());
    const schema = opened.use(await declare({ 'a.graphql': declaration }));
    const kafka = opened.use(openTestKafka({ brokers: broker.address }));
    const env = { SLUICE_REDIS_URL: redis.url };
    const gateway = opened.use(
      await openOwnGateway({ schema: schema.folder, clusters: { kafka: broker.address }, env }),
    );
    const client = createClient({ url: redis.url, RESP: 2 });
    opened.defer(() => client.destroy());
    await client.connect();
    const numbersIn = async (topic: string, partitions: number) =>
      recordsOf(await readAll(kafka, topic, partitions)).map(({ value }) => Number(JSON.parse(String(value)).n));
    const errors = async () => {
      const { data } = await post(gateway.url, '{ streams { error } }');
      return data.streams.map(({ error }: { error: string | null }) => error);
    };

    let added = 0;
    const ending = new AbortController();
    const adding = (async () => {
      for (; !ending.signal.aborted; added += 1) {
        await client.sendCommand(['XADD', 'orders', '*', 'user', `u${added % 5}`, 'n', String(added)]);
        await client.sendCommand(['PUBLISH', 'notes', `{"n":${added}}`]);
        // Leaves some of the processor to the broker.
        await delay(1);
      }
    })();
    const untilCopied = async (more: number) => {
      const wanted = added + more;
      await vi.waitFor(async () => expect((await numbersIn('orders', 3)).length).toBeGreaterThan(wanted), patience);
    };
    await untilCopied(50);
    let isBack = false;
    const restarting = broker.restart('SIGKILL').then(() => {
      isBack = true;
    });
    await vi.waitFor(async () => expect(isBack || !(await errors()).includes(null)).toBe(true), patience);
    await restarting;
    await untilCopied(50);
    ending.abort();
    await adding;

    await vi.waitFor(async () => expect((await numbersIn('orders', 3)).length).toBeGreaterThanOrEqual(added), patience);
    const all = Array.from({ length: added }, (_, n) => n);
    const found = await numbersIn('orders', 3);
    expect(found.toSorted((left, right) => left - right)).toEqual(all);
    // What a channel had no answer for is not sent again.
    const notes = await numbersIn('notes', 1);
    expect(new Set(notes).size).toBe(notes.length);
    expect(notes).toEqual(notes.toSorted((left, right) => left - right));
    await expect.poll(errors).toEqual([null, null]);
  });
});

import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, inject, it } from 'vitest';
import { listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { openOwnGateway } from '../support/gateway.ts';

const partitions = 4;
const declaration = (topic: string) => `
  type Event @stream(topic: "${topic}", partitions: ${partitions}, plural: "events") {
    number: Int!
  }
`;

describe('resuming', () => {
  it('loses and doubles nothing over several partitions while a producer runs, on another gateway as well', async () => {
    const topic = uniqueName('events');
    await using schema = await declare({ 'events.graphql': declaration(topic) });
    const secret = { SLUICE_CURSOR_SECRET: 'the same for both and long enough' };
    await using one = await openOwnGateway({ schema: schema.folder, env: secret });
    await using two = await openOwnGateway({ schema: schema.folder, env: secret });
    const total = 3000;
    const producing = produce(topic, total);
    const seen: { number: number; partition: number; offset: string }[] = [];
    let from = 'from: { earliest: true }';
    // Leaves after a few pages and goes on with its cursor on the other gateway, until it has everything.
    for (let visit = 0; seen.length < total; visit += 1) {
      const gateway = visit % 2 === 0 ? one : two;
      await using listener = listen(
        gateway.webSocketUrl,
        `subscription { events(${from}, maxRecords: 100) { edges { node { number } record { partition offset } } pageInfo { endCursor gap { reason } } } }`,
      );
      let pages = 0;
      await until(listener, ({ data, errors }) => {
        expect(errors).toBeUndefined();
        expect(data.events.pageInfo.gap).toBeNull();
        for (const { node, record } of data.events.edges) seen.push({ ...node, ...record });
        from = `after: "${data.events.pageInfo.endCursor}"`;
        pages += 1;
        return pages > 3 || seen.length >= total ? true : undefined;
      });
    }
    await producing;
    expect(seen.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: total }, (_, index) => index),
    );
    for (let partition = 0; partition < partitions; partition += 1) {
      const offsets = seen.filter((record) => record.partition === partition).map(({ offset }) => Number(offset));
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    }
  });

  it('lets a client that waits for its first page see its own event', async () => {
    const topic = uniqueName('events');
    await using schema = await declare({ 'events.graphql': declaration(topic) });
    await using gateway = await openOwnGateway({ schema: schema.folder });
    await using listener = listen(
      gateway.webSocketUrl,
      'subscription { events { nodes { number } pageInfo { live } } }',
    );
    expect((await listener.next()).data.events).toEqual({ nodes: [], pageInfo: { live: true } });
    const produced = await post(
      gateway.url,
      'mutation { produceEvents(events: [{ number: 1 }, { number: 2 }]) { records { outcome } } }',
    );
    expect(produced.data.produceEvents.records).toEqual([{ outcome: 'ACKED' }, { outcome: 'ACKED' }]);
    const numbers: number[] = [];
    await until(listener, ({ data }) => {
      numbers.push(...data.events.nodes.map(({ number }: { number: number }) => number));
      return numbers.length === 2 ? true : undefined;
    });
    expect(numbers.toSorted()).toEqual([1, 2]);
  });

  it('pages through a history with the query and goes on live with the same cursor', async () => {
    const topic = uniqueName('events');
    await using schema = await declare({ 'events.graphql': declaration(topic) });
    await using gateway = await openOwnGateway({ schema: schema.folder });
    await produce(topic, 250);
    const numbers: number[] = [];
    let after = '';
    for (;;) {
      const { data } = await post(
        gateway.url,
        `{ events(first: 100 ${after}) { nodes { number } pageInfo { hasNextPage endCursor } } }`,
      );
      numbers.push(...data.events.nodes.map(({ number }: { number: number }) => number));
      after = `after: "${data.events.pageInfo.endCursor}"`;
      if (!data.events.pageInfo.hasNextPage) break;
    }
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 250 }, (_, index) => index));
    await using listener = listen(
      gateway.webSocketUrl,
      `subscription { events(${after.trim()}) { nodes { number } } }`,
    );
    await listener.next();
    await post(gateway.url, 'mutation { produceEvents(events: { number: 1000 }) { records { outcome } } }');
    expect((await listener.next()).data.events.nodes).toEqual([{ number: 1000 }]);
  });
});

/** Writes the numbers from 0 on, a few a batch, round the partitions. */
async function produce(topic: string, total: number): Promise<void> {
  const producer = new Kafka({ brokers: inject('endpoints').kafka.split(','), logLevel: logLevel.NOTHING }).producer({
    idempotent: true,
  });
  await producer.connect();
  try {
    for (let number = 0; number < total; number += 50) {
      const messages = Array.from({ length: Math.min(50, total - number) }, (_, index) => ({
        value: JSON.stringify({ number: number + index }),
        partition: (number + index) % partitions,
      }));
      await producer.send({ topic, messages });
    }
  } finally {
    await producer.disconnect();
  }
}

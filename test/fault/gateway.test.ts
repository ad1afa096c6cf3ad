import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { type Answer, listen, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';
import { flawless, History, type Seen } from '../support/history.ts';

const { kafka: broker } = inject('endpoints');
const topic = uniqueName('events');
const partitions = 4;
const declaration = `type Event @stream(topic: "${topic}", partitions: ${partitions}, plural: "events") { producer: ID! number: Int! }`;

/** Writes numbered events, each to the next partition, until told to stop: nothing of Sluice is in between. */
async function produce({ history, signal }: { history: History; signal: AbortSignal }): Promise<void> {
  const producer = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).producer({ idempotent: true });
  await producer.connect();
  try {
    for (let number = 0; !signal.aborted; number += 1) {
      const partition = number % partitions;
      const name = `to ${partition}`;
      const value = JSON.stringify({ producer: name, number });
      const [written] = await producer.send({ topic, messages: [{ partition, value }] });
      history.tell(name, number, { outcome: 'ACKED', partition, offset: written?.baseOffset ?? '' });
      // Leaves some of the processor to the gateway.
      await delay(1);
    }
  } finally {
    await producer.disconnect();
  }
}

describe('a gateway that is killed', () => {
  it('leaves its subscribers a cursor with which they go on elsewhere, without loss or repetition', async () => {
    await using schema = await declare({ 'events.graphql': declaration });
    const start = () =>
      startGateway({
        schema: schema.folder,
        clusters: { kafka: broker },
        env: { SLUICE_CURSOR_SECRET: 'the same for all and long enough' },
      });
    const history = new History();
    const seen: Seen[] = [];
    let position = 'from: { earliest: true }';
    const take = ({ data, errors }: Answer) => {
      expect(errors).toBeUndefined();
      const { edges, pageInfo } = data.events;
      expect(pageInfo.gap).toBeNull();
      for (const { node, record } of edges) seen.push({ ...node, ...record });
      position = `after: "${pageInfo.endCursor}"`;
    };
    const subscribe = (gateway: GatewayProcess) =>
      listen(
        gateway.webSocketUrl,
        `subscription { events(${position}) {
          edges { node { producer number } record { partition offset } } pageInfo { endCursor gap { reason } }
        } }`,
      );

    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    let producing: Promise<void> = Promise.resolve();
    for (let life = 0; life < 3; life += 1) {
      await using gateway = await start();
      if (life === 0) producing = produce({ history, signal: stop.signal });
      await using listener = subscribe(gateway);
      const before = seen.length;
      await until(listener, (answer) => {
        take(answer);
        return seen.length - before > 300 || undefined;
      });
      await gateway.kill();
      // What was under way to the subscriber may still come, and counts.
      await expect(until(listener, (answer) => void take(answer))).rejects.toMatchObject({ code: 1006 });
    }
    stop.abort();
    await producing;

    await using gateway = await start();
    await using listener = subscribe(gateway);
    await until(listener, (answer) => {
      take(answer);
      return history.missing(seen) === 0 || undefined;
    });
    expect(history.judge(seen)).toEqual(flawless);
  });
});

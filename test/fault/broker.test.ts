import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { choosePorts } from '../../src/local/ports.ts';
import { openBroker } from '../support/broker.ts';
import { type Answer, type Listener, listen, post } from '../support/client.ts';
import { declare } from '../support/declarations.ts';
import { startGateway } from '../support/gateway.ts';
import { flawless, History, type Seen, type Told } from '../support/history.ts';
import { openTestKafka, readAll, recordsOf } from '../support/kafka.ts';

const partitions = 4;
const declaration = `
  type Event @stream(topic: "events", key: ["producer"], partitions: ${partitions}) { producer: ID! number: Int! }
`;
const produceTimeoutMs = 500;
/** A call that takes this much longer than its deadline fails the test. */
const slackMs = 30_000;

/** Numbered events, a few a call, one call after the other, until told to stop. */
async function produce(url: string, producer: string, { history, signal }: { history: History; signal: AbortSignal }) {
  for (let next = 0; !signal.aborted; ) {
    const numbers = Array.from({ length: 1 + (next % 3) }, () => next++);
    const answer = await call(url, producer, numbers);
    const records: readonly Told[] = answer.data?.produceEvents.records ?? [];
    const codes = answer.errors?.map(({ extensions }) => extensions?.['code']);
    // An error in place of outcomes says that nothing was written.
    if (codes) expect(codes).toEqual(['KAFKA_UNAVAILABLE']);
    for (const [at, number] of numbers.entries()) {
      history.tell(producer, number, records[at] ?? { outcome: 'NOT_WRITTEN' });
    }
    // Leaves some of the processor to the broker.
    await delay(5);
  }
}

async function call(url: string, producer: string, numbers: readonly number[]): Promise<Answer> {
  const late = AbortSignal.timeout(produceTimeoutMs + slackMs);
  const query =
    'mutation ($events: [EventInput!]!) { produceEvents(events: $events) { records { outcome partition offset } } }';
  const events = numbers.map((number) => ({ producer, number }));
  return await Promise.race([
    post(url, query, { events }),
    new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(new Error('A produce call has overrun its deadline.')));
    }),
  ]);
}

/** Takes pages for as long as the subscription goes; rejects when it ends. */
async function watch(listener: Listener, seen: Seen[]): Promise<never> {
  for (;;) {
    const { data, errors } = await listener.next();
    expect(errors).toBeUndefined();
    expect(data.events.pageInfo.gap).toBeNull();
    for (const { node, record } of data.events.edges) seen.push({ ...node, ...record });
  }
}

describe('a broker that goes away and comes back', () => {
  it('costs no acknowledged event, doubles none, and everybody goes on by themselves', async () => {
    await using broker = await openBroker();
    await using schema = await declare({ 'events.graphql': declaration });
    await using gateway = await startGateway({
      schema: schema.folder,
      clusters: { kafka: broker.address },
      env: { SLUICE_PRODUCE_TIMEOUT_MS: `${produceTimeoutMs}` },
    });
    const history = new History();
    const seen: Seen[] = [];
    await using listener = listen(
      gateway.webSocketUrl,
      `subscription { events(from: { earliest: true }) {
        edges { node { producer number } record { partition offset } } pageInfo { gap { reason } }
      } }`,
    );
    const watching = watch(listener, seen);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const producing = Promise.all(
      ['ann', 'ben', 'cid', 'dee'].map((producer) => produce(gateway.url, producer, { history, signal: stop.signal })),
    );
    const goesOn = async () => {
      const [acked, received] = [history.count('ACKED'), seen.length];
      const progress = () => Math.min(history.count('ACKED') - acked, seen.length - received);
      await expect.poll(progress).toBeGreaterThan(200);
    };
    const faults = Promise.race([producing, watching]);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await Promise.race([goesOn(), faults]);
      await Promise.race([broker.restart(signal), faults]);
    }
    await Promise.race([goesOn(), faults]);
    stop.abort();
    await producing;
    await Promise.race([expect.poll(() => history.missing(seen)).toBe(0), watching]);
    expect(history.judge(seen)).toEqual(flawless);
    expect(history.count('NOT_WRITTEN') + history.count('UNKNOWN')).toBeGreaterThan(0);

    await using kafka = openTestKafka({ brokers: broker.address });
    const log = recordsOf(await readAll(kafka, 'events', partitions)).map(
      ({ partition, offset, value }): Seen => ({ ...JSON.parse(String(value)), partition, offset: `${offset}` }),
    );
    expect(history.judge(log)).toEqual(flawless);
  });

  it('is waited for by a gateway that starts before it, and has the declared topics then', async () => {
    const { kafka: port } = await choosePorts({ kafka: 0, flinkRest: 0, sqlGateway: 0 });
    await using schema = await declare({ 'events.graphql': declaration });
    await using gateway = await startGateway({
      schema: schema.folder,
      clusters: { kafka: `127.0.0.1:${port}` },
      env: { SLUICE_PRODUCE_TIMEOUT_MS: `${produceTimeoutMs}` },
    });
    const ready = async () => (await fetch(new URL('/health/ready', gateway.url))).status;
    expect(await ready()).toBe(503);
    expect((await fetch(new URL('/health/live', gateway.url))).status).toBe(200);
    const refused = await call(gateway.url, 'ann', [0]);
    expect(refused.errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['KAFKA_UNAVAILABLE']);
    await using early = listen(gateway.webSocketUrl, 'subscription { events { nodes { number } } }');
    await expect(early.next()).rejects.toMatchObject([{ extensions: { code: 'KAFKA_UNAVAILABLE' } }]);

    await using _broker = await openBroker(port);
    await expect.poll(ready).toBe(200);
    const outcome = async () => (await call(gateway.url, 'ann', [1])).data?.produceEvents.records[0].outcome;
    await expect.poll(outcome).toBe('ACKED');
    await using kafka = openTestKafka({ brokers: `127.0.0.1:${port}` });
    expect((await kafka.log.identify('events')).partitions).toBe(partitions);
    const numbers = recordsOf(await readAll(kafka, 'events', partitions)).map(({ value }) => JSON.parse(String(value)));
    expect(numbers).not.toContainEqual({ producer: 'ann', number: 0 });
  });
});

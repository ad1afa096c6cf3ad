import { Kafka, logLevel } from 'kafkajs';
import type { GatewayContext } from './context.ts';
import { loadHttp } from './http-load.ts';
import { type Line, median } from './report.ts';

const rounds = 5;
const roundMs = 3000;
const batchEvents = 500;

const click = (index: number) => ({
  userId: `user-${index % 1000}`,
  url: `/page/${index}`,
  clickedAt: '2026-01-31T12:00:00.000Z',
});
const mutation = 'mutation ($events: [ClickInput!]!) { produceClicks(events: $events) { records { outcome offset } } }';

/** One event a request, against the same server's cheapest answer. */
export async function measureSingleProduce({ gatewayUrl }: GatewayContext): Promise<Line> {
  const body = JSON.stringify({ query: mutation, variables: { events: [click(1)] } });
  const nothing = JSON.stringify({ query: '{ __typename }' });
  const load = (text: string, durationMs = roundMs) =>
    loadHttp({ url: gatewayUrl, body: text, connections: 64, durationMs });
  await load(body);
  await load(nothing);
  const sluice: number[] = [];
  const baseline: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    sluice.push(await load(body));
    baseline.push(await load(nothing));
  }
  return {
    what: 'produce mutation, 1 event, 64 clients',
    unit: 'requests/s',
    sluice: median(sluice),
    baseline: median(baseline),
    baselineIs: "the same server's { __typename }",
    compared: 'ratio',
    target: { atLeast: 0.7 },
  };
}

/** 500 events a request, against kafkajs sending the same batches. */
export async function measureBatchProduce({ gatewayUrl, brokers, topic }: GatewayContext): Promise<Line> {
  const events = Array.from({ length: batchEvents }, (_, index) => click(index));
  const body = JSON.stringify({ query: mutation, variables: { events } });
  const clients = 4;
  const throughGateway = async () =>
    batchEvents * (await loadHttp({ url: gatewayUrl, body, connections: clients, durationMs: roundMs }));
  const producer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).producer({
    idempotent: true,
  });
  await producer.connect();
  const throughKafkajs = async () => {
    const startedAt = performance.now();
    let sent = 0;
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (performance.now() - startedAt < roundMs) {
          const messages = events.map(({ userId, url, clickedAt }) => ({
            key: userId,
            value: JSON.stringify({ user_id: userId, url, clicked_at: clickedAt }),
          }));
          await producer.send({ topic, messages });
          sent += batchEvents;
        }
      }),
    );
    return sent / ((performance.now() - startedAt) / 1000);
  };
  try {
    await throughGateway();
    await throughKafkajs();
    const sluice: number[] = [];
    const baseline: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      sluice.push(await throughGateway());
      baseline.push(await throughKafkajs());
    }
    return {
      what: 'produce mutation, 500 events, 4 clients',
      unit: 'events/s',
      sluice: median(sluice),
      baseline: median(baseline),
      baselineIs: 'kafkajs send, idempotent, same batches',
      compared: 'ratio',
      target: { atLeast: 0.7 },
    };
  } finally {
    await producer.disconnect();
  }
}

import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Consumer } from '@platformatic/kafka';
import { createClient } from 'graphql-ws';
import { Kafka, logLevel } from 'kafkajs';
import { WebSocket } from 'ws';
import type { GatewayContext } from './context.ts';
import { type Line, quantile } from './report.ts';

const samples = 2000;
/** Not counted: both sides compile their hot code first. */
const warmUp = 1000;
const intervalMs = 5;

/** Produce call → subscriber, against a kafkajs producer and a raw fetch loop in one process. In milliseconds. */
export async function measureLatency(context: GatewayContext): Promise<Line[]> {
  const sluice = await throughGateway(context);
  const baseline = await throughFetchLoop(context);
  return (
    [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const
  ).map(([name, share]) => ({
    what: `latency, produce call → subscriber, ${name}`,
    unit: 'ms',
    sluice: quantile(sluice, share),
    baseline: quantile(baseline, share),
    baselineIs: 'kafkajs producer → raw fetch loop',
    compared: 'difference' as const,
    target: { atMost: 5 },
  }));
}

/** Sends numbered events at a steady pace and collects how long each took to arrive. */
async function timeEvents(
  send: (number: number) => Promise<unknown>,
  follow: (arrived: (number: number) => void) => Promise<void>,
): Promise<number[]> {
  const sentAt: number[] = [];
  const latencies: number[] = [];
  let missing = samples + warmUp;
  const all = Promise.withResolvers<void>();
  // Resolves once it follows from a fixed place on: nothing that is sent from now on is missed.
  await follow((number) => {
    const sent = sentAt[number];
    if (sent === undefined) return;
    if (number >= warmUp) latencies.push(performance.now() - sent);
    missing -= 1;
    if (missing === 0) all.resolve();
  });
  const sending: Promise<unknown>[] = [];
  for (let number = 0; number < samples + warmUp; number += 1) {
    sentAt[number] = performance.now();
    sending.push(send(number));
    await delay(intervalMs);
  }
  await Promise.all([all.promise, ...sending]);
  return latencies;
}

async function throughGateway({ gatewayUrl }: GatewayContext): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const run = `run-${Date.now()}`;
  const send = (number: number) =>
    new Promise<void>((resolve, reject) => {
      const query = `mutation { produceClicks(events: { userId: "${run}", url: "${number}" }) { records { outcome } } }`;
      const call = request(
        gatewayUrl,
        { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
        (answer) => {
          answer.resume().once('end', resolve);
        },
      );
      call.once('error', reject).end(JSON.stringify({ query }));
    });
  const client = createClient({ url: gatewayUrl.replace('http', 'ws'), webSocketImpl: WebSocket });
  const results = client.iterate<{ clicks: { nodes: { userId: string; url: string }[] } }>({
    query: 'subscription { clicks { nodes { userId url } } }',
  });
  await results.next();
  try {
    const listen = async (arrived: (number: number) => void) => {
      for await (const { data } of results) {
        for (const { userId, url } of data?.clicks.nodes ?? []) if (userId === run) arrived(Number(url));
      }
    };
    return await timeEvents(send, async (arrived) => void listen(arrived));
  } finally {
    agent.destroy();
    await client.dispose();
  }
}

async function throughFetchLoop({ brokers, topic }: GatewayContext): Promise<number[]> {
  const producer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).producer({
    idempotent: true,
  });
  await producer.connect();
  const consumer = new Consumer({ clientId: 'bench', groupId: 'unused', bootstrapBrokers: brokers.split(',') });
  const run = `run-${Date.now()}`;
  let isOver = false;
  const metadata = await consumer.metadata({ topics: [topic] });
  const info = metadata.topics.get(topic);
  if (!info) throw new Error(`No topic ${topic}.`);
  const ends = (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];
  const next = new Map(ends.map((offset, partition) => [partition, offset]));
  const node = info.partitions[0]?.leader ?? 0;
  const loop = async (arrived: (number: number) => void) => {
    while (!isOver) {
      const answer = await consumer.fetch({
        node,
        minBytes: 1,
        maxBytes: 1 << 20,
        maxWaitTime: 100,
        topics: [
          {
            topicId: info.id,
            partitions: [...next].map(([partition, fetchOffset]) => ({
              partition,
              fetchOffset,
              partitionMaxBytes: 1 << 20,
              currentLeaderEpoch: -1,
              lastFetchedEpoch: -1,
            })),
          },
        ],
      });
      for (const { partitions } of answer.responses) {
        for (const { partitionIndex, records } of partitions) {
          for (const batch of records ?? []) {
            for (const record of batch.records) {
              next.set(partitionIndex, batch.firstOffset + BigInt(record.offsetDelta) + 1n);
              const value = JSON.parse(String(record.value));
              if (value.user_id === run) arrived(Number(value.url));
            }
          }
        }
      }
    }
  };
  try {
    const send = (number: number) =>
      producer.send({
        topic,
        messages: [
          {
            key: run,
            value: JSON.stringify({ user_id: run, url: String(number), clicked_at: '2026-01-31T12:00:00.000Z' }),
          },
        ],
      });
    let looping: Promise<void> | undefined;
    const latencies = await timeEvents(send, async (arrived) => {
      looping = loop(arrived);
    });
    isOver = true;
    await looping;
    return latencies;
  } finally {
    await producer.disconnect();
    await consumer.close();
  }
}

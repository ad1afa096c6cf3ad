import { setTimeout as delay } from 'node:timers/promises';
import type { FetchLoopRequests } from './baselines/fetch-loop.ts';
import type { GatewayContext } from './context.ts';
import { clickFields, nodeBytes, userName } from './load/click.ts';
import { startProducer, subscribe } from './load/start.ts';
import { startWorker } from './processes.ts';
import { format, type Line, median } from './report.ts';

const recordCount = 500_000;
const recordBytes = 100;
const rounds = 3;
const deadlineMs = 10_000;
const query = `subscription {
  visits(from: { earliest: true }) { nodes { ${clickFields} } pageInfo { endCursor } }
}`;

/** From earliest to the present through one subscription, against a fetch loop that parses. The two take turns. */
export async function measureReplay(context: GatewayContext): Promise<readonly Line[]> {
  const { brokers, replayTopic } = context;
  {
    await using producer = await startProducer(context, replayTopic, recordBytes);
    const users = Array.from({ length: 1000 }, (_, index) => userName(index));
    await producer.ask('burst', { events: recordCount, users });
  }
  await using loop = await startWorker<FetchLoopRequests>('test/bench/baselines/fetch-loop.ts');
  const sluice: number[] = [];
  const baseline: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const subscription = await replay(context);
    const fetching = recordCount / (await loop.ask('read', { brokers, topic: replayTopic, records: recordCount }));
    // Both compile their hot code in the first round.
    if (round === 0) continue;
    sluice.push(subscription);
    baseline.push(fetching);
  }
  return [
    {
      what: 'replay from earliest through one subscription',
      unit: 'records/s',
      sluice: median(sluice),
      baseline: median(baseline),
      baselineIs: 'raw fetch loop with JSON.parse',
      compared: 'ratio',
      target: { atLeast: 0.4 },
      note: `${format(recordCount)} records of ${recordBytes} B`,
    },
  ];
}

/** Records per second of one replay, from the moment the subscription is asked for; of a part where it takes too long. */
async function replay(context: GatewayContext): Promise<number> {
  await using subscriber = await subscribe(context, [{ query }], { nodeBytes: nodeBytes(recordBytes) });
  let records = 0;
  for (;;) {
    const counters = await subscriber.ask('read', undefined);
    records += counters.records;
    const ms = counters.lastFrameAt - counters.subscribedAt;
    if (records >= recordCount || ms > deadlineMs) return (1000 * records) / ms;
    await delay(20);
  }
}

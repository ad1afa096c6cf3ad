import type { GatewayContext } from './context.ts';
import { framePayloadBytes, startProducer, subscribe, usualRecordBytes } from './load/start.ts';
import type { Counters } from './load/subscribers.ts';
import { run } from './processes.ts';
import { format, type Line } from './report.ts';
import { listen, readyUrl, sameOperation, subscriberCount, windowOf } from './windows.ts';

const warmUpRate = 100;
const warmUpMs = 10_000;

/**
 * Fan-out of a quiet stream: an event is a page is a frame. The two are measured in turns, and over all turns: a turn's
 * processor time is so little that the clock's ticks would tell.
 */
export async function measureQuiet(context: GatewayContext): Promise<readonly Line[]> {
  const rate = 20;
  const rounds = 8;
  await using baseline = await run(
    ['test/bench/baselines/ready-string.ts', String(rate), String(framePayloadBytes(usualRecordBytes))],
    readyUrl,
  );
  const sluice: Counters[] = [];
  const strings: Counters[] = [];
  await using producer = await startProducer(context, context.topic);
  // While the baseline is measured the same is written to a topic that nobody reads: Kafka takes its part of the machine.
  await using elsewhere = await startProducer(context, context.unreadTopic);
  await using subscribers = await subscribe(context, sameOperation());
  // What runs once an event is compiled only after many of them, as in a gateway that has been up for a minute.
  await producer.ask('steady', { perSecond: warmUpRate, recordBytes: usualRecordBytes });
  await windowOf(subscribers, warmUpMs, 0);
  await producer.ask('stop', undefined);
  for (let round = 0; round < rounds; round += 1) {
    await producer.ask('steady', { perSecond: rate, recordBytes: usualRecordBytes });
    sluice.push(await windowOf(subscribers, 1500, 3000));
    await producer.ask('stop', undefined);
    await using listeners = await listen(baseline.found, baseline.pid);
    await elsewhere.ask('steady', { perSecond: rate, recordBytes: usualRecordBytes });
    strings.push(await windowOf(listeners, 1500, 3000));
    await elsewhere.ask('stop', undefined);
  }
  const sum = (counters: readonly Counters[], what: 'frames' | 'records' | 'serverCpuSeconds') =>
    counters.reduce((total, counter) => total + counter[what], 0);
  const perCpu = (counters: readonly Counters[]) => sum(counters, 'frames') / sum(counters, 'serverCpuSeconds');
  return [
    {
      what: `fan-out of single records to ${format(subscriberCount)}`,
      unit: 'pages/CPU s',
      sluice: perCpu(sluice),
      baseline: perCpu(strings),
      baselineIs: 'ws.send of a ready string',
      compared: 'ratio',
      target: { atLeast: 0.9 },
      note: `${rate} events/s, ${format(sum(sluice, 'records') / sum(sluice, 'frames'))} records a page`,
    },
  ];
}

import type { GatewayContext } from './context.ts';
import { framePayloadBytes, startProducer, subscribe, usualRecordBytes } from './load/start.ts';
import type { Counters } from './load/subscribers.ts';
import { run } from './processes.ts';
import { format, type Line, median } from './report.ts';
import { listen, readyUrl, sameOperation, subscriberCount, windowOf } from './windows.ts';

/** Fan-out of a quiet stream: an event is a page is a frame. The two are measured in turns. */
export async function measureQuiet(context: GatewayContext): Promise<readonly Line[]> {
  const rate = 20;
  const rounds = 3;
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
  for (let round = 0; round < rounds; round += 1) {
    await producer.ask('steady', { perSecond: rate, recordBytes: usualRecordBytes });
    sluice.push(await windowOf(subscribers, 1500, 3000));
    await producer.ask('stop', undefined);
    await using listeners = await listen(baseline.found, baseline.pid);
    await elsewhere.ask('steady', { perSecond: rate, recordBytes: usualRecordBytes });
    strings.push(await windowOf(listeners, 1500, 3000));
    await elsewhere.ask('stop', undefined);
  }
  const perCpu = (counters: Counters) => counters.frames / counters.serverCpuSeconds;
  const all = sluice.reduce((sum, { records }) => sum + records, 0);
  return [
    {
      what: `fan-out of single records to ${format(subscriberCount)}`,
      unit: 'pages/CPU s',
      sluice: median(sluice.map(perCpu)),
      baseline: median(strings.map(perCpu)),
      baselineIs: 'ws.send of a ready string',
      compared: 'ratio',
      target: { atLeast: 0.9 },
      note: `${rate} events/s, ${format(all / sluice.reduce((sum, { frames }) => sum + frames, 0))} records a page`,
    },
  ];
}

import type { GatewayContext } from './context.ts';
import { clickFields, nodeBytes } from './load/click.ts';
import { framePayloadBytes, startProducer, subscribe, usualRecordBytes } from './load/start.ts';
import type { Counters } from './load/subscribers.ts';
import { run } from './processes.ts';
import { format, type Line } from './report.ts';
import { describe, listen, readyUrl, recordsPerCpu, sameOperation, subscriberCount, windowOf } from './windows.ts';

const runInMs = 2000;
const countMs = 3000;

/** How the fan-out falls with the number of distinct operations, at one rate of events. No target: to be known. */
export async function measureOperations(context: GatewayContext): Promise<readonly Line[]> {
  const perSecond = 1000;
  await using producer = await startProducer(context, context.topic);
  const windows = new Map<number, Counters>();
  for (const distinct of [1, 10, 1000]) {
    const operations = Array.from({ length: subscriberCount }, (_, index) => ({ query: aliased(index % distinct) }));
    await using subscribers = await subscribe(context, operations);
    await producer.ask('steady', { perSecond, recordBytes: usualRecordBytes });
    windows.set(distinct, await windowOf(subscribers, runInMs, countMs));
    await producer.ask('stop', undefined);
  }
  const one = windows.get(1);
  if (!one) throw new Error('Nothing was measured.');
  return [...windows].slice(1).map(([distinct, window]) => ({
    what: `fan-out to ${format(subscriberCount)} with ${format(distinct)} distinct operations`,
    unit: 'records/CPU s',
    sluice: recordsPerCpu(window),
    baseline: recordsPerCpu(one),
    baselineIs: 'one operation',
    compared: 'ratio',
    note: `${perSecond} events/s, ${describe(window)}; one operation: ${describe(one)}`,
  }));
}

/** An operation of its own, in its text and in its answer, as long as all others. */
function aliased(index: number): string {
  const alias = `c${String(index).padStart(4, '0')}`;
  return `subscription { ${alias}: clicks { nodes { ${clickFields} } pageInfo { endCursor } } }`;
}

/** What a page of one record costs by the record's size. No target: to be known. */
export async function measureSize(context: GatewayContext): Promise<readonly Line[]> {
  const rate = 30;
  const lines: Line[] = [];
  for (const recordBytes of [100, 1000, 10_000]) {
    const ofOne = await pagesOf(context, recordBytes, rate);
    const ofStrings = await stringsOf(framePayloadBytes(recordBytes), rate);
    lines.push({
      what: `a page of one record of ${format(recordBytes)} B, to ${format(subscriberCount)}`,
      unit: 'CPU µs/page',
      sluice: microseconds(ofOne),
      baseline: microseconds(ofStrings),
      baselineIs: 'ws.send of a ready string as long',
      compared: 'ratio',
      note: `${rate} events/s, ${describe(ofOne)}`,
    });
  }
  return lines;
}

async function pagesOf(context: GatewayContext, recordBytes: number, perSecond: number): Promise<Counters> {
  await using producer = await startProducer(context, context.topic);
  await using subscribers = await subscribe(context, sameOperation(), { nodeBytes: nodeBytes(recordBytes) });
  await producer.ask('steady', { perSecond, recordBytes });
  const window = await windowOf(subscribers, runInMs, countMs);
  await producer.ask('stop', undefined);
  return window;
}

async function stringsOf(bytes: number, perSecond: number): Promise<Counters> {
  const args = ['test/bench/baselines/ready-string.ts', String(perSecond), String(bytes)];
  await using server = await run(args, readyUrl);
  await using listeners = await listen(server.found, server.pid);
  return await windowOf(listeners, runInMs, countMs);
}

function microseconds({ serverCpuSeconds, frames }: Counters): number {
  return (1e6 * serverCpuSeconds) / frames;
}

import type { GatewayContext } from './context.ts';
import { nodeBytes } from './load/click.ts';
import {
  framePayloadBytes,
  type Producer,
  type Subscribers,
  startProducer,
  startSubscribers,
  subscribe,
  usualRecordBytes,
} from './load/start.ts';
import type { Counters } from './load/subscribers.ts';
import { run } from './processes.ts';
import { format, type Line, quantile } from './report.ts';
import { describe, listen, readyUrl, recordsPerCpu, sameOperation, subscriberCount, windowOf } from './windows.ts';

/** Events a second: each double the one before, as long as the gateway holds it. */
const rates = [500, 1000, 2000, 4000, 8000, 16_000, 32_000];
/** What the naive server can hold; it works on each record for each subscriber, so that its rate does not matter. */
const naiveRate = 10;
const readyStringsPerSecond = 100;
const rawWritesPerSecond = 100;
const rawFramesPerWrite = 20;
const latencyLimitMs = 250;
const warmUpMs = 2000;
const measureMs = 4000;

/** A window of a load: what was counted in it, and under which rate of events. */
interface Window extends Counters {
  readonly perSecond: number;
}

/**
 * Fan-out under load. The gateway is offered ever more events, and what counts is the best number of records delivered
 * per second of its processor time among the rates that it holds: everything offered is delivered to all alike, and the 99th
 * percentile from an event's making to its arrival is within the limit.
 */
export async function measureFanOut(context: GatewayContext): Promise<readonly Line[]> {
  const windows = await throughGateway(context);
  const best = windows.filter(isHeld).toSorted((a, b) => recordsPerCpu(b) - recordsPerCpu(a))[0] ?? windows[0];
  if (!best) throw new Error('Nothing was measured.');
  const naive = await throughNaiveServer(context);
  const strings = await pushed('ready-string.ts', [readyStringsPerSecond, framePayloadBytes(usualRecordBytes)]);
  const raw = await pushed('raw-frames.ts', [
    rawWritesPerSecond,
    framePayloadBytes(usualRecordBytes),
    rawFramesPerWrite,
  ]);
  const held = isHeld(best) ? '' : 'NOT HELD: ';
  const note = `${held}${best.perSecond} events/s, ${describe(best)}; baseline: `;
  const line = (name: string, baselineIs: string, window: Counters, atLeast: number): Line => ({
    what: `fan-out to ${format(subscriberCount)}, against ${name}`,
    unit: 'records/CPU s',
    sluice: recordsPerCpu(best),
    baseline: recordsPerCpu(window),
    baselineIs,
    compared: 'ratio',
    target: { atLeast },
    note: `${name === 'a naive server' ? note : 'baseline: '}${describe(window)}`,
  });
  return [
    line('a naive server', 'yoga, graphql-ws, kafkajs, pub/sub', naive, 80),
    line('ws', 'ws.send of a ready string', strings, 10),
    line('raw frames', `${rawFramesPerWrite} ready frames a write`, raw, 1),
  ];
}

async function throughGateway(context: GatewayContext): Promise<readonly Window[]> {
  await using producer = await startProducer(context, context.topic);
  await using subscribers = await subscribe(context, sameOperation());
  const windows: Window[] = [];
  for (const perSecond of rates) {
    let window = await underRate(producer, subscribers, perSecond);
    // Once may be the machine's fault.
    if (!isHeld(window)) window = await underRate(producer, subscribers, perSecond);
    windows.push(window);
    process.stderr.write(
      `  ${perSecond} events/s: ${format(recordsPerCpu(window))} records/CPU s, ${describe(window)}\n`,
    );
    if (!isHeld(window)) break;
  }
  return windows;
}

async function underRate(producer: Producer, subscribers: Subscribers, perSecond: number): Promise<Window> {
  await producer.ask('steady', { perSecond, recordBytes: usualRecordBytes });
  const window = await windowOf(subscribers, warmUpMs, measureMs);
  // The producer's acknowledgements may wait behind an overloaded machine; the load has ended all the same.
  await producer.ask('stop', undefined);
  return { ...window, perSecond };
}

function isHeld(window: Window): boolean {
  const delivered = window.records / window.seconds / subscriberCount;
  const isEven = window.leastRecords >= 0.9 * window.mostRecords;
  return isEven && delivered >= 0.95 * window.perSecond && quantile(window.latenciesMs, 0.99) <= latencyLimitMs;
}

async function throughNaiveServer({ brokers, topic }: GatewayContext): Promise<Window> {
  await using server = await run(['test/bench/baselines/naive-server.ts', brokers, topic], readyUrl);
  await using subscribers = await startSubscribers({
    url: server.found,
    serverPid: server.pid,
    connections: subscriberCount,
    operations: sameOperation('subscription { clicked { userId url clickedAt } }'),
    frames: 'records',
    nodeBytes: nodeBytes(usualRecordBytes),
  });
  await using producer = await startProducer({ brokers }, topic);
  return await underRate(producer, subscribers, naiveRate);
}

async function pushed(program: string, args: readonly number[]): Promise<Counters> {
  await using server = await run([`test/bench/baselines/${program}`, ...args.map(String)], readyUrl);
  await using subscribers = await listen(server.found, server.pid);
  return await windowOf(subscribers, warmUpMs, measureMs);
}

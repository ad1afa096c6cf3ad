import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext } from './context.ts';
import { openGateway } from './gateway.ts';
import { clicksQuery, startSubscribers } from './load/start.ts';
import type { Operation } from './load/subscribers.ts';
import { type Running, residentMb, run } from './processes.ts';
import { format, type Line } from './report.ts';
import { readyUrl } from './windows.ts';

const connectionCount = 10_000;
const warmUpCount = 100;
/** Until all that the opening or the closing still had to do is done. */
const settleMs = 3000;
const collecting = ['--import', './test/bench/load/collect-on-signal.ts'];

/**
 * Resident memory of 10,000 subscriptions that nothing comes for, one a socket, against as many idle `ws` sockets. Both
 * servers collect their garbage before they are looked at.
 */
export async function measureIdleSubscriptions(context: BenchContext): Promise<readonly Line[]> {
  await checkFileLimit(connectionCount + 500);
  await using gateway = await openGateway(context, collecting);
  const sluice = await kilobytesEach(gateway, gateway.found, { query: clicksQuery });
  const args = ['--max-semi-space-size=8', ...collecting, 'test/bench/baselines/ready-string.ts', '0', '0'];
  await using plain = await run(args, readyUrl);
  const baseline = await kilobytesEach(plain, plain.found, null);
  return [
    {
      what: `resident memory of an idle subscription, of ${format(connectionCount)}`,
      unit: 'kB',
      sluice: sluice.each,
      baseline: baseline.each,
      baselineIs: 'a plain ws connection',
      compared: 'ratio',
      target: { atMost: 2 },
      note: `${sluice.range}; baseline: ${baseline.range}`,
    },
  ];
}

async function kilobytesEach({ pid }: Running, url: string, operation: Operation | null) {
  const open = (connections: number) =>
    startSubscribers({
      url,
      serverPid: pid,
      connections,
      operations: operation ? Array.from({ length: connections }, () => operation) : [],
      frames: operation ? 'pages' : 'records',
    });
  {
    // What the first ones bring into memory once (code, buffers, the topic's reader) is no connection's share.
    await using _first = await open(warmUpCount);
  }
  const before = await settledMb(pid);
  await using subscribers = await open(connectionCount);
  const after = await settledMb(pid);
  // Throws where one of them is no longer there.
  await subscribers.ask('read', undefined);
  return {
    each: ((after - before) * 1000) / connectionCount,
    range: `${format(before)} MB → ${format(after)} MB`,
  };
}

/** Node raises its own limit to what the system allows, and its children start from there. */
async function checkFileLimit(needed: number): Promise<void> {
  const limit = Number(/Max open files\s+(\d+)/.exec(await readFile('/proc/self/limits', 'utf8'))?.[1]);
  if (limit < needed) throw new Error(`A process may have ${limit} open files; ${needed} are needed (ulimit -Hn).`);
}

/** Twice, because the first collection leaves what has finalizers. */
async function settledMb(pid: number): Promise<number> {
  for (let round = 0; round < 2; round += 1) {
    await delay(settleMs);
    process.kill(pid, 'SIGUSR2');
  }
  await delay(settleMs);
  return await residentMb(pid);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { BenchContext } from './context.ts';
import { endOrphans, run } from './processes.ts';
import { type Line, median } from './report.ts';

const rounds = 3;

/** `npm start` with jars present → first page of a subscription, against the four JVMs alone. Fresh data each time. */
export async function measureStart({ folder }: BenchContext): Promise<Line> {
  const sluice: number[] = [];
  const baseline: number[] = [];
  // The first of each fills the operating system's caches and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const alone = await inFreshFolder(folder, jvmsAlone);
    const whole = await inFreshFolder(folder, firstPage);
    if (round === 0) continue;
    baseline.push(alone);
    sluice.push(whole);
  }
  return {
    what: 'npm start → first page in a subscription',
    unit: 's',
    sluice: median(sluice),
    baseline: median(baseline),
    baselineIs: 'the four JVMs alone, all of them',
    compared: 'ratio',
    target: { atMost: 1.3 },
  };
}

async function jvmsAlone(folder: string): Promise<number> {
  const startedAt = performance.now();
  await using _jvms = await run(['test/bench/jvms-alone.ts', folder], /ready/);
  return (performance.now() - startedAt) / 1000;
}

async function firstPage(folder: string): Promise<number> {
  const startedAt = performance.now();
  const args = ['--max-semi-space-size=8', 'bin/sluice.js', '--data', folder, '--port', '0'];
  await using gateway = await run(args, /https?:\/\/\S+\/graphql/);
  const client = createClient({ url: gateway.found.replace('http', 'ws'), webSocketImpl: WebSocket });
  const pages = client.iterate({ query: 'subscription { topUsers { pageInfo { live } } }' });
  await pages.next();
  const seconds = (performance.now() - startedAt) / 1000;
  await client.dispose();
  // Nobody wants the savepoints that a polite end would write for a long time.
  process.kill(gateway.pid, 'SIGKILL');
  return seconds;
}

async function inFreshFolder<T>(parent: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'start-'));
  try {
    return await use(folder);
  } finally {
    await endOrphans(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { clicksQuery, type Subscribers, startSubscribers } from './load/start.ts';
import type { Counters } from './load/subscribers.ts';
import { format, quantile } from './report.ts';

/** Of the fan-out. */
export const subscriberCount = 1000;

/** The subscribers of one operation. */
export function sameOperation(query = clicksQuery) {
  return Array.from({ length: subscriberCount }, () => ({ query }));
}

/** Lets a load run in, then counts for a while. */
export async function windowOf(subscribers: Subscribers, runInMs: number, countMs: number): Promise<Counters> {
  await delay(runInMs);
  await subscribers.ask('read', undefined);
  await delay(countMs);
  return subscribers.ask('read', undefined);
}

/** What the numbers of a window mean, in words. */
export function describe(counters: Counters): string {
  const { records, frames, bytes, latenciesMs, seconds, serverCpuSeconds, ownCpuSeconds, leastRecords, mostRecords } =
    counters;
  const late = latenciesMs.length > 0 ? `, p99 ${format(quantile(latenciesMs, 0.99))} ms` : '';
  const share = (cpuSeconds: number) => `${Math.round((100 * cpuSeconds) / seconds)} %`;
  return (
    `${format(records / seconds)} records/s, ${format(bytes / seconds / 1e6)} MB/s, ${format(records / frames)} a frame${late}, ` +
    `${leastRecords} to ${mostRecords} a subscriber, ` +
    `CPU: server ${share(serverCpuSeconds)}, load generator ${share(ownCpuSeconds)}`
  );
}

/** Records delivered per second of the server's processor time. */
export function recordsPerCpu({ records, serverCpuSeconds }: Counters): number {
  return records / serverCpuSeconds;
}

/** The line by which a baseline says where it listens. */
export const readyUrl = /https?:\/\/\S+\/graphql/;

/** Subscribers of a baseline that sends without being asked. */
export function listen(url: string, serverPid: number): Promise<Subscribers> {
  return startSubscribers({ url, serverPid, connections: subscriberCount, frames: 'records' });
}

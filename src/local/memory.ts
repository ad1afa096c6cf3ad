import { readFile } from 'node:fs/promises';
import { localFault } from './faults.ts';

const mebibyte = 1 << 20;

/** What the JVMs take together once they work (measured), with some air. */
export const neededBytes = {
  kafka: 500 * mebibyte,
  kafkaAndFlink: 1_200 * mebibyte,
  registry: 400 * mebibyte,
} as const;

/**
 * How much memory programs can still take. Null where the system does not say it well: outside Linux "free" leaves
 * out what the system would give back at once.
 */
export async function availableMemory(): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const available = memAvailable(await readFile('/proc/meminfo', 'utf8').catch(() => ''));
  // A container's limit, not what is left of it: its usage counts the page cache, too.
  const limit = process.constrainedMemory();
  return available === null || limit === 0 ? available : Math.min(available, limit);
}

/** The bytes of the line `MemAvailable:` of /proc/meminfo, or null. */
export function memAvailable(meminfo: string): number | null {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo);
  return match === null ? null : Number(match[1]) * 1024;
}

/** Throws if less is available than needed. */
export function checkMemory(available: number | null, needed: number): void {
  if (available === null || available >= needed) return;
  const [has, wants] = [available, needed].map((bytes) => Math.round(bytes / mebibyte));
  throw localFault(
    `Too little memory: ${has} MiB are free, the local stack takes about ${wants} MiB. Free some, or use clusters that run elsewhere (KAFKA_BROKERS, FLINK_REST_URL, FLINK_SQL_GATEWAY_URL).`,
  );
}

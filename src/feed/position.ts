import type { Bounds, Epochs, Position } from './log.ts';

/** How many offsets lie between the position and the ends: an upper bound of the records still to come. */
export function lagOf(position: Position, bounds: ReadonlyMap<number, Bounds>): bigint {
  let lag = 0n;
  for (const [partition, { end, records }] of bounds) {
    const missing = end - (position.get(partition) ?? 0n);
    if (missing > 0n) lag += records !== undefined && records < missing ? records : missing;
  }
  return lag;
}

/** The first offsets of all partitions. */
export function startsOf(bounds: ReadonlyMap<number, Bounds>): Position {
  return new Map([...bounds].map(([partition, { start }]) => [partition, start]));
}

/** The ends of all partitions. */
export function endsOf(bounds: ReadonlyMap<number, Bounds>): Position {
  return new Map([...bounds].map(([partition, { end }]) => [partition, end]));
}

/** The leader epochs under which the ends of all partitions hold. */
export function epochsOf(bounds: ReadonlyMap<number, Bounds>): Epochs {
  return new Map([...bounds].map(([partition, { epoch }]) => [partition, epoch]));
}

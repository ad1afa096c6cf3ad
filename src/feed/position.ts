import type { Bounds, Epochs, Position } from './log.ts';
import type { FeedRecord } from './record.ts';

/** The position after a record: its own partition moves past it, the others stay. */
export function positionAfter(position: Position, record: FeedRecord): Position {
  return new Map(position).set(record.partition, record.offset + 1n);
}

/** How many offsets lie between the position and the ends: an upper bound of the records still to come. */
export function lagOf(position: Position, ends: Position): bigint {
  let lag = 0n;
  for (const [partition, end] of ends) {
    const missing = end - (position.get(partition) ?? 0n);
    if (missing > 0n) lag += missing;
  }
  return lag;
}

/** True when nothing before the ends is left to read. */
export function hasReached(position: Position, ends: Position): boolean {
  return lagOf(position, ends) === 0n;
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

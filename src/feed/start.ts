import { SluiceError } from '#errors';
import type { CursorContent } from './cursor.ts';
import { positionOfLast } from './history.ts';
import type { Bounds, Position, RecordLog } from './log.ts';
import { endsOf, startsOf } from './position.ts';
import type { RecordDecoder } from './record.ts';

/** An offset of one partition. */
export interface PartitionOffset {
  readonly partition: number;
  readonly offset: bigint;
}

/** Where reading begins. */
export type StartPosition =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'time'; readonly timestampMs: number }
  | { readonly kind: 'last'; readonly count: number }
  | { readonly kind: 'offsets'; readonly offsets: readonly PartitionOffset[] }
  | { readonly kind: 'after'; readonly cursor: CursorContent };

/** Where a bounded read ends, exclusive. */
export type EndPosition =
  | { readonly kind: 'latest' }
  | { readonly kind: 'time'; readonly timestampMs: number }
  | { readonly kind: 'offsets'; readonly offsets: readonly PartitionOffset[] };

/** Why records between two pages are missing. */
export interface Gap {
  readonly reason: 'EXPIRED' | 'TRUNCATED' | 'RECREATED' | 'CONFLATED';
  /** How many offsets are gone; null when nobody can know. */
  readonly missed: bigint | null;
}

/** What {@link resolveStart} and {@link resolveEnd} need. */
export interface StartContext {
  readonly log: RecordLog;
  readonly decode: RecordDecoder;
  readonly topic: string;
  readonly topicId: string;
  /** The topic's bounds now. */
  readonly bounds: ReadonlyMap<number, Bounds>;
  readonly signal: AbortSignal;
}

/** A position, and the gap that lies before it. */
export interface Resolved {
  readonly position: Position;
  readonly gap: Gap | null;
}

/** The position that a start means now. A gap: the cursor's topic was deleted and made anew, or its log is shorter now. */
export async function resolveStart(start: StartPosition, context: StartContext): Promise<Resolved> {
  const { bounds, log, topic } = context;
  switch (start.kind) {
    case 'earliest':
      return { position: startsOf(bounds), gap: null };
    case 'latest':
      return { position: endsOf(bounds), gap: null };
    case 'time':
      return { position: await log.positionAt(topic, start.timestampMs), gap: null };
    case 'last':
      return { position: await positionOfLast(start.count, context), gap: null };
    case 'offsets':
      return { position: atOffsets(start.offsets, bounds, topic), gap: null };
    case 'after':
      return afterCursor(start.cursor, context);
  }
}

/** The exclusive ends that an end position means now. */
export async function resolveEnd(end: EndPosition, context: StartContext): Promise<Position> {
  switch (end.kind) {
    case 'latest':
      return endsOf(context.bounds);
    case 'time':
      return context.log.positionAt(context.topic, end.timestampMs);
    case 'offsets':
      return atOffsets(end.offsets, context.bounds, context.topic);
  }
}

/** Where a cursor stands. Partitions added since it was made are read from their beginning. */
function afterCursor(cursor: CursorContent, { bounds, topicId }: StartContext): Resolved {
  if (cursor.topicId !== topicId) return { position: startsOf(bounds), gap: { reason: 'RECREATED', missed: null } };
  const position = new Map<number, bigint>();
  let gap: Gap | null = null;
  for (const [partition, { start, end }] of bounds) {
    const wanted = cursor.position.get(partition) ?? start;
    if (wanted > end) gap = { reason: 'TRUNCATED', missed: null };
    position.set(partition, wanted > end ? end : wanted);
  }
  return { position, gap };
}

/** Partitions that are not named stand at their end. */
function atOffsets(offsets: readonly PartitionOffset[], bounds: ReadonlyMap<number, Bounds>, topic: string): Position {
  const position = new Map(endsOf(bounds));
  for (const { partition, offset } of offsets) {
    if (!bounds.has(partition)) {
      throw new SluiceError(
        'BAD_INPUT',
        `Topic "${topic}" has no partition ${partition}; it has 0 to ${bounds.size - 1}.`,
      );
    }
    if (offset < 0n) throw new SluiceError('BAD_INPUT', `An offset is 0 or more, not ${offset}.`);
    position.set(partition, offset);
  }
  return position;
}

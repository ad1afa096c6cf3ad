import { SluiceError } from '#errors';
import type { CursorContent } from './cursor.ts';
import { positionOfLast } from './history.ts';
import type { Bounds, Epochs, Position, RecordLog } from './log.ts';
import { endsOf, epochsOf, startsOf } from './position.ts';
import type { RecordDecoder } from './record.ts';

/** An offset of one partition. */
export interface PartitionOffset {
  readonly partition: number;
  readonly offset: bigint;
}

/** Where reading begins. */
export type StartPosition =
  /** Of a table: the present rows, then what changes. */
  | { readonly kind: 'rows' }
  | { readonly kind: 'earliest' }
  /** The gap is told with the first page: something is missed by beginning there. */
  | { readonly kind: 'latest'; readonly gap?: Gap }
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
  readonly reason: 'EXPIRED' | 'TRUNCATED' | 'RECREATED' | 'DISCONNECTED' | 'CONFLATED';
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

/** A position, the epochs under which it holds, and the gap that lies before it. */
export interface Resolved {
  readonly position: Position;
  readonly epochs: Epochs;
  readonly gap: Gap | null;
}

/**
 * The position that a start means now. A gap: the cursor's topic was deleted and made anew, or its log was truncated.
 * Records that have expired are not told here: the position stays before them, and who reads there meets the gap and
 * knows how many they are. Rejects with BAD_INPUT for offsets that the topic does not have.
 */
export async function resolveStart(start: StartPosition, context: StartContext): Promise<Resolved> {
  const { bounds, log, topic } = context;
  const without = (position: Position): Resolved => ({ position, epochs: epochsOf(bounds), gap: null });
  switch (start.kind) {
    case 'earliest':
      return without(startsOf(bounds));
    case 'rows':
    case 'latest':
      return without(endsOf(bounds));
    case 'time':
      return without(await log.positionAt(topic, start.timestampMs));
    case 'last':
      return without(await positionOfLast(start.count, context));
    case 'offsets': {
      const position = atOffsets(start.offsets, bounds, topic);
      await refuseBeyondEnd(position, context);
      return without(position);
    }
    case 'after':
      return await afterCursor(start.cursor, context);
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

/**
 * Where a cursor stands now. Partitions added since it was made are read from their beginning. One whose leader has
 * changed since goes back to where the log that the cursor saw ends, if that is before the cursor.
 */
async function afterCursor(cursor: CursorContent, context: StartContext): Promise<Resolved> {
  const { bounds, topicId } = context;
  const epochs = epochsOf(bounds);
  // The gravest of gaps: nothing that the cursor counted exists any more, in no partition.
  if (cursor.topicId !== topicId || (await context.log.isOther?.(context.topic, cursor.position))) {
    return { position: startsOf(bounds), epochs, gap: { reason: 'RECREATED', missed: null } };
  }
  const ends = await logEnds(cursor.position, cursor.epochs, context);
  const position = new Map<number, bigint>();
  let gap: Gap | null = null;
  for (const [partition, { start, epoch }] of bounds) {
    const wanted = cursor.position.get(partition) ?? start;
    const end = ends.get(partition);
    // A leader epoch that is still to come: the cluster went back in time, to a copy of its disks perhaps.
    const isAhead = epoch >= 0 && (cursor.epochs.get(partition) ?? -1) > epoch;
    const isTruncated = end !== undefined && wanted > end;
    if (isAhead || isTruncated) gap = { reason: 'TRUNCATED', missed: null };
    const goesBackTo = end !== undefined && end > start ? end : start;
    position.set(partition, isTruncated ? goesBackTo : wanted);
  }
  return { position, epochs, gap };
}

/**
 * Where the logs end that a position was reached in, for the partitions where that is in doubt: the leader has changed
 * since, or the position lies beyond the last stable offset. Records of transactions that are still open lie there
 * too, so that a position there may be right.
 */
async function logEnds(
  position: Position,
  under: Epochs,
  { log, topic, bounds }: Pick<StartContext, 'log' | 'topic' | 'bounds'>,
): Promise<Position> {
  const doubtful = new Map<number, number>();
  const ends = new Map<number, bigint>();
  for (const [partition, offset] of position) {
    const known = bounds.get(partition);
    if (!known) continue;
    const epoch = under.get(partition) ?? -1;
    const isChanged = epoch >= 0 && epoch < known.epoch;
    if (!isChanged && offset <= known.end) continue;
    doubtful.set(partition, isChanged ? epoch : known.epoch);
    ends.set(partition, known.end);
  }
  if (doubtful.size === 0) return ends;
  for (const [partition, end] of await log.epochEnds(topic, doubtful)) ends.set(partition, end);
  return ends;
}

async function refuseBeyondEnd(position: Position, context: StartContext): Promise<void> {
  for (const [partition, end] of await logEnds(position, new Map(), context)) {
    const offset = position.get(partition) ?? 0n;
    if (offset <= end) continue;
    const start = context.bounds.get(partition)?.start ?? 0n;
    throw new SluiceError(
      'BAD_INPUT',
      `Partition ${partition} of topic "${context.topic}" has no offset ${offset}; reading can start at ${start} to ${end}.`,
    );
  }
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

import type { CursorScope } from './cursor.ts';
import type { LogGap, Position } from './log.ts';
import type { FeedRecord } from './record.ts';
import type { Gap } from './start.ts';

/** What came since the last page. */
export interface Page {
  readonly records: readonly FeedRecord[];
  /** Before the first record. */
  readonly start: Position;
  /** Where to go on: past the last record, and past all that the filter left out. */
  readonly end: Position;
  /** Records that are missing before this page. */
  readonly gap: Gap | null;
  /** Nothing that is in the log already is left to read. */
  readonly live: boolean;
  /** How many offsets are left to read; an upper bound of the records. */
  readonly lag: bigint;
  /** For a query: more records lie before the end that was asked for. For a subscription always true. */
  readonly hasNextPage: boolean;
  readonly scope: CursorScope;
}

/** True for a record that a subscriber wants. */
export type RecordFilter = (record: FeedRecord) => boolean;

/** Makes one gap of those that a read met. */
export function joinGaps(first: Gap | null, met: readonly LogGap[]): Gap | null {
  const reason = first?.reason ?? met[0]?.reason;
  if (!reason) return null;
  if (first?.missed === null || met.some((gap) => gap.reason === 'TRUNCATED')) return { reason, missed: null };
  const missed = met.reduce((sum, gap) => sum + (gap.to - gap.from), first?.missed ?? 0n);
  return { reason, missed };
}

import type { CursorScope } from './cursor.ts';
import type { LogGap, Position } from './log.ts';
import type { FeedRecord } from './record.ts';
import type { Gap } from './start.ts';
import type { Bookmark } from './table-bookmark.ts';

/** What came since the last page. */
export interface Page {
  readonly records: readonly FeedRecord[];
  /** Before the first record. */
  readonly start: Position;
  /** Where to go on: past the last record, and past all that the filter left out. */
  readonly end: Position;
  /** For each partition the leader epoch under which the end holds. */
  readonly epochs: ReadonlyMap<number, number>;
  /** Records that are missing before this page. */
  readonly gap: Gap | null;
  /** Nothing that is in the log already is left to read. */
  readonly live: boolean;
  /** How many offsets are left to read; an upper bound of the records. */
  readonly lag: bigint;
  /** More is to come: always true for a subscription without an end. */
  readonly hasNextPage: boolean;
  readonly scope: CursorScope;
  /** When the end was known to be the live end, at the latest; milliseconds since the epoch. For tables, if the page is not live. */
  readonly asOfMs?: number;
  /** How far the present rows of a table are given, where more of them are to come. */
  readonly bookmark?: Bookmark;
  /** Of a page of present rows: the place after a row; null: after all of them. */
  readonly rowBookmarkAt?: (index: number) => Bookmark | null;
}

/** True for a record that a subscriber wants. */
export type RecordFilter = (record: FeedRecord) => boolean;

/** From the gravest: what was counted does not exist any more; is not what it was; was never seen; is gone; was left out. */
const gravity: readonly Gap['reason'][] = ['RECREATED', 'TRUNCATED', 'DISCONNECTED', 'EXPIRED', 'CONFLATED'];

/** Makes one gap of those that a read met: the gravest reason, and how many are missing if that is known of all. */
export function joinGaps(first: Gap | null, met: readonly LogGap[]): Gap | null {
  const gaps = [
    ...(first ? [first] : []),
    ...met.map(({ reason, from, to, missed }): Gap => {
      return { reason, missed: reason === 'TRUNCATED' || missed === null ? null : to - from };
    }),
  ];
  const reason = gravity.find((one) => gaps.some((gap) => gap.reason === one));
  if (!reason) return null;
  const missed = gaps.reduce<bigint | null>(
    (sum, gap) => (sum === null || gap.missed === null ? null : sum + gap.missed),
    0n,
  );
  return { reason, missed };
}

import type { Standing } from './catch-up.ts';
import type { CursorContent } from './cursor.ts';
import { compileFilter, type Where } from './filter.ts';
import type { RecordLog } from './log.ts';
import type { PageLimit } from './merge.ts';
import type { RecordFilter } from './page.ts';
import type { FeedRecord } from './record.ts';
import type { FeedSource } from './source.ts';
import { type EndPosition, type Gap, resolveStart, type StartPosition } from './start.ts';
import { type Bookmark, beforeRows } from './table-bookmark.ts';
import { rowKey, type TableRows } from './table-rows.ts';
import { scanByKey } from './table-scan.ts';
import type { TopicFeed } from './topic-feed.ts';

/** What of a subscription decides how it stands to a table's rows. */
interface Wishes {
  readonly from: StartPosition;
  readonly until: EndPosition | null;
  readonly where: Where | null;
}

/** Whether a subscriber keeps a table's rows, rather than reading its changes as a stream's records. */
export function keepsRows({ table }: FeedSource, { from, until }: Wishes): boolean {
  return table !== undefined && until === null && (from.kind === 'rows' || from.kind === 'after');
}

/** Whether a subscription filters changes as they come, which is cheap when it is known which row each replaces. */
export function needsToKnow({ table }: FeedSource, { until, where }: Wishes): boolean {
  return table !== undefined && until === null && where !== null;
}

/** Whether a subscription uses the rows, so that they must stay as long as it does. */
export function needsRows(source: FeedSource, request: Wishes): boolean {
  return keepsRows(source, request) || needsToKnow(source, request);
}

/** What the start of a subscription to a table is resolved with. */
interface StartParts {
  readonly feed: TopicFeed;
  readonly log: RecordLog;
  readonly source: FeedSource;
  readonly now: () => number;
}

/**
 * Where a subscriber that keeps a table's rows begins. When its rows cannot be brought up to date, because the log has
 * lost changes since, it is told by a gap and begins with the present rows.
 */
export async function resolveRows(
  start: StartPosition,
  parts: StartParts,
  signal: AbortSignal,
): Promise<{ readonly from: Standing; readonly gap: Gap | null }> {
  const { feed, log, source, now } = parts;
  const { dispatcher, identity } = feed;
  // Who has no rows has missed nothing.
  if (start.kind !== 'after' || start.cursor.bookmark?.key === null) {
    return { from: { ...dispatcher.place, bookmark: beforeRows }, gap: null };
  }
  const { topic, decode } = source;
  const { asOfMs, bookmark } = start.cursor;
  const bounds = await log.bounds(topic);
  const resolved = await resolveStart(start, { log, decode, topic, topicId: identity.topicId, bounds, signal });
  const gap = resolved.gap ?? ((await isTooOld(start.cursor, parts)) ? expired : null);
  if (gap) return { from: { ...dispatcher.place, bookmark: beforeRows }, gap };
  const { position, epochs } = resolved;
  const liveAtMs = dispatcher.isAt(position) ? now() : asOfMs;
  const from = { position, epochs, ...(bookmark && { bookmark }) };
  return { from: liveAtMs === undefined ? from : { ...from, asOfMs: liveAtMs }, gap: null };
}

const expired: Gap = { reason: 'EXPIRED', missed: null };

/** Whether deletions after the cursor may have been compacted away already. */
async function isTooOld({ asOfMs, position }: CursorContent, parts: StartParts): Promise<boolean> {
  if (asOfMs === undefined || parts.feed.dispatcher.isAt(position)) return false;
  return parts.now() - asOfMs > (await parts.log.tombstonesKeptMs(parts.source.topic));
}

/** Some of the rows that a subscription begins with. */
export interface TakenRows {
  readonly records: readonly FeedRecord[];
  /** All rows that fit were taken. */
  readonly isThrough: boolean;
  /** After what was looked at. */
  readonly bookmark: Bookmark;
  readonly rowBookmarkAt: (index: number) => Bookmark | null;
}

/** Takes a table's rows in the order of their keys, as they are when they are taken. */
export class RowsReader {
  readonly #feed: TopicFeed;
  readonly #filter: RecordFilter | null;

  constructor(feed: TopicFeed, where: Where | null) {
    this.#feed = feed;
    this.#filter = where && compileFilter(feed.fields, where);
  }

  /** Resolves when the rows are there. */
  async ready(): Promise<TableRows> {
    const { table } = this.#feed;
    if (!table) throw new TypeError('The feed keeps no table.');
    return await table.rows();
  }

  async take(after: Bookmark, limit: PageLimit, signal: AbortSignal): Promise<TakenRows> {
    const rows = await this.ready();
    const scanned = await scanByKey(rows, after.key, { filter: this.#filter, limit, signal });
    const { records, isThrough, lastKey } = scanned;
    const bookmarkOf = (key: string | null): Bookmark => ({ of: 'SUBSCRIPTION', order: '', values: [], key });
    return {
      records,
      isThrough,
      bookmark: bookmarkOf(lastKey),
      rowBookmarkAt(index) {
        const key = records[index]?.key;
        return isThrough && index === records.length - 1 ? null : bookmarkOf(key ? rowKey(key) : lastKey);
      },
    };
  }
}

import { SluiceError } from '#errors';
import type { CursorContent } from './cursor.ts';
import { compileFilter, type Where } from './filter.ts';
import type { Page } from './page.ts';
import type { Place } from './reader.ts';
import type { FeedRecord } from './record.ts';
import type { FeedSource } from './source.ts';
import type { Bookmark } from './table-bookmark.ts';
import { createOrder, type RowOrder, type SortColumn } from './table-order.ts';
import { rowKey, type TableRows } from './table-rows.ts';
import { type PlacedRow, type ScanRequest, scanByKey, scanInOrder } from './table-scan.ts';
import type { TopicFeed } from './topic-feed.ts';

/** A page of a table's present rows. */
export interface TableQueryRequest {
  readonly first: number;
  /** The last page's end; null: the first page. */
  readonly after: CursorContent | null;
  readonly where: Where | null;
  /** By key when there is none. */
  readonly orderBy: readonly SortColumn[];
  /** When it aborts, the page holds what was found until then, or the query fails with TIMEOUT. */
  readonly signal: AbortSignal;
}

/** What was found, and the bookmark after each row. */
interface FoundRows {
  readonly records: readonly FeedRecord[];
  readonly hasNextPage: boolean;
  bookmarkAt(index: number): Bookmark;
}

/**
 * One page of the rows. All pages of a query have the first one's read position in their cursors, so that who reads
 * them to the end and subscribes there gets every change since.
 */
export async function queryTable(
  source: FeedSource,
  request: TableQueryRequest,
  parts: { readonly feed: TopicFeed; readonly pageBytes: number; readonly now: () => number },
): Promise<Page> {
  const { feed, pageBytes, now } = parts;
  const { after, where, signal, first } = request;
  const order = createOrder(source.fields, request.orderBy);
  checkCursor(after, order, feed);
  const scan: ScanRequest = {
    filter: where && compileFilter(source.fields, where),
    limit: { records: first, bytes: pageBytes },
    signal,
  };
  const { dispatcher, identity } = feed;
  const { place, found } = await readRows(feed, { order, after }, scan);
  const asOfMs = after ? after.asOfMs : now();
  const { records, hasNextPage } = found;
  const last = records.length - 1;
  return {
    records,
    start: place.position,
    end: place.position,
    epochs: place.epochs,
    gap: null,
    live: !hasNextPage && dispatcher.isAt(place.position),
    lag: dispatcher.lag(place.position),
    hasNextPage,
    scope: { clusterId: identity.clusterId, topicId: identity.topicId, field: source.field },
    ...(asOfMs !== undefined && { asOfMs }),
    ...(hasNextPage && { bookmark: found.bookmarkAt(records.length) }),
    rowBookmarkAt: (index) => (index === last && !hasNextPage ? null : found.bookmarkAt(index)),
  };
}

/** Reads again when the log had a gap meanwhile: then the rows may be none of the log that the place is in. */
async function readRows(
  feed: TopicFeed,
  { order, after }: { readonly order: RowOrder; readonly after: CursorContent | null },
  scan: ScanRequest,
): Promise<{ readonly place: Place; readonly found: FoundRows }> {
  const { dispatcher } = feed;
  const bookmark = after?.bookmark ?? null;
  // A cursor without a bookmark is the end of all pages, or one of a subscription: there are no rows after it.
  if (after && !bookmark) return { place: after, found: noRows };
  for (;;) {
    const { gaps } = dispatcher;
    const rows = await untilReady(feed, scan.signal);
    const place = after ?? dispatcher.place;
    const found = await findRows(rows, { order, bookmark }, scan);
    if (dispatcher.gaps === gaps) return { place, found };
  }
}

const noRows: FoundRows = {
  records: [],
  hasNextPage: false,
  bookmarkAt: () => ({ of: 'QUERY', order: '', values: [], key: null }),
};

function checkCursor(after: CursorContent | null, order: RowOrder, feed: TopicFeed): void {
  if (!after) return;
  if (after.topicId !== feed.identity.topicId) {
    throw refuse('the topic was deleted and made anew since. Read the rows from the first page on');
  }
  const { bookmark } = after;
  if (!bookmark) return;
  if (bookmark.of !== 'QUERY') {
    throw refuse('it stands among the rows that a subscription begins with. Go on with the subscription');
  }
  if (bookmark.order !== order.text) throw refuse('its page has another "orderBy". Keep it for all pages');
}

function refuse(why: string): SluiceError {
  return new SluiceError('BAD_CURSOR', `This cursor cannot be used: ${why}.`);
}

async function untilReady({ table, identity }: TopicFeed, signal: AbortSignal): Promise<TableRows> {
  if (!table) throw new TypeError(`The feed of topic ${identity.topicId} keeps no table.`);
  const late = new SluiceError('TIMEOUT', 'The rows of this table are still being read. Try again in a moment.');
  if (signal.aborted) throw late;
  return await new Promise((resolve, reject) => {
    const onAbort = () => reject(late);
    signal.addEventListener('abort', onAbort, { once: true });
    table
      .rows()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function findRows(
  rows: TableRows,
  { order, bookmark }: { readonly order: RowOrder; readonly bookmark: Bookmark | null },
  scan: ScanRequest,
): Promise<FoundRows> {
  const bookmarkOf = (key: string | null, values: Bookmark['values'] = []): Bookmark => ({
    of: 'QUERY',
    order: order.text,
    values,
    key,
  });
  if (order.text === '') {
    const { records, lastKey, isThrough } = await scanByKey(rows, bookmark?.key ?? null, scan);
    const keyAt = (index: number) => {
      const key = records[index]?.key;
      return key ? rowKey(key) : lastKey;
    };
    return { records, hasNextPage: !isThrough, bookmarkAt: (index) => bookmarkOf(keyAt(index)) };
  }
  const after = bookmark?.key != null ? { key: bookmark.key, values: bookmark.values } : null;
  const wanted = { ...scan.limit, records: scan.limit.records + 1 };
  const placed = await scanInOrder(rows, { order, after }, { ...scan, limit: wanted });
  if (!placed) throw new SluiceError('TIMEOUT', 'The rows could not be ordered in time. Narrow them with "where".');
  const page = fitting(placed, scan.limit);
  return {
    records: page.map(({ record }) => record),
    hasNextPage: placed.length > page.length,
    bookmarkAt(index) {
      const row = page[index] ?? page.at(-1);
      return bookmarkOf(row?.key ?? null, row?.values);
    },
  };
}

/** As many of the rows as fit into a page; at least one, if there is one. */
function fitting(rows: readonly PlacedRow[], limit: ScanRequest['limit']): readonly PlacedRow[] {
  let bytes = 0;
  let count = 0;
  for (const { record } of rows) {
    if (count >= limit.records || bytes >= limit.bytes) break;
    bytes += record.weight;
    count += 1;
  }
  return rows.slice(0, count);
}

import type { Standing } from './catch-up.ts';
import type { CursorScope } from './cursor.ts';
import type { Where } from './filter.ts';
import type { RecordLog } from './log.ts';
import type { Page } from './page.ts';
import type { Sink } from './sink.ts';
import type { FeedSource } from './source.ts';
import type { EndPosition, StartPosition } from './start.ts';
import type { TopicFeed } from './topic-feed.ts';

/** What becomes of a subscriber that is slower than its stream. */
export type Overflow = 'CATCH_UP' | 'LATEST' | 'DISCONNECT';

/** A subscription: a query that keeps going. */
export interface SubscribeRequest<T> {
  readonly from: StartPosition;
  /** Where it completes by itself; null: never. */
  readonly until: EndPosition | null;
  readonly where: Where | null;
  /** Most records in a page. */
  readonly maxRecords: number;
  readonly overflow: Overflow;
  /**
   * Canonical text of everything that decides what a page holds and how it is rendered: subscriptions with the same
   * text share their pages. Null: shares with nobody.
   */
  readonly group: string | null;
  /** Makes of a page what the sink takes. */
  readonly render: (page: Page) => T;
  readonly sink: Sink<T>;
  /** The error that ends a slow subscriber which wants DISCONNECT. */
  readonly toSlowError: (place: Standing, scope: CursorScope) => Error;
}

/** What the subscriptions of a field stand on. */
export interface SubscriptionParts {
  readonly feed: TopicFeed;
  readonly log: RecordLog;
  readonly source: FeedSource;
  /** Bound of one page, in bytes of what its records hold in memory. */
  readonly pageBytes: number;
  readonly now: () => number;
}

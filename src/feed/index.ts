/** What subscribers see of a topic: positions, cursors, rings, filters, groups, pages. Pure: knows neither Kafka nor GraphQL. */
export type { FeedCounters } from './counters.ts';
export { type CursorContent, type CursorScope, type Cursors, createCursors, type TablePlace } from './cursor.ts';
export { Feeds, type FeedsOptions } from './feeds.ts';
export { compileFilter, type Where } from './filter.ts';
export { checkFilterSize } from './filter-limits.ts';
export { canonicalWhere } from './filter-text.ts';
export type { QueryRequest } from './history-query.ts';

export type {
  Bounds,
  Epochs,
  Header,
  LogBatch,
  LogGap,
  LogRecord,
  Position,
  ReadOptions,
  RecordLog,
  TailOptions,
  TopicIdentity,
} from './log.ts';
export type { Page, RecordFilter } from './page.ts';
export { PageQueue } from './page-queue.ts';
export { epochsOf } from './position.ts';
export { createPreparedLog, type PrepareRecords } from './prepared-log.ts';
export {
  type BadRecords,
  createRecordDecoder,
  type FeedRecord,
  faultIn,
  type Operation,
  type RecordDecoder,
} from './record.ts';
export type { Sink } from './sink.ts';
export type { FeedSource, TableShape } from './source.ts';
export type { EndPosition, Gap, PartitionOffset, StartPosition } from './start.ts';
export type { Overflow, SubscribeRequest } from './subscribe-request.ts';
export type { Bookmark } from './table-bookmark.ts';
export { isSortable, type SortColumn } from './table-order.ts';
export type { TableQueryRequest } from './table-query.ts';
export { Wakeup } from './wakeup.ts';
export { type WatermarkClaim, Watermarks } from './watermarks.ts';
export { withAbort } from './with-abort.ts';

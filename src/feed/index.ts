/** What subscribers see of a topic: positions, cursors, rings, filters, pages. Pure: knows neither Kafka nor GraphQL. */
export { type CursorContent, type CursorScope, type Cursors, createCursors } from './cursor.ts';
export { type FeedSource, Feeds, type FeedsOptions, type QueryRequest, type SubscribeRequest } from './feeds.ts';
export { compileFilter, type Where } from './filter.ts';
export type {
  Bounds,
  Header,
  LogBatch,
  LogGap,
  LogRecord,
  Position,
  ReadOptions,
  RecordLog,
  TopicIdentity,
} from './log.ts';
export type { Page, RecordFilter } from './page.ts';
export { positionAfter } from './position.ts';
export { createRecordDecoder, type FeedRecord, type Operation, type RecordDecoder } from './record.ts';
export type { EndPosition, Gap, PartitionOffset, StartPosition } from './start.ts';

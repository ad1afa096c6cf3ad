import type { Field } from '#model';
import type { RecordLog } from './log.ts';
import type { RecordDecoder } from './record.ts';

/** What makes a source a table. */
export interface TableShape {
  /** The fields that the record key is made of. */
  readonly key: readonly Field[];
  /** Their values, read from a record key; null where it does not fit. */
  readonly decodeKey: (key: Buffer) => Readonly<Record<string, unknown>> | null;
}

/** One declared stream or view, as the feed knows it. */
export interface FeedSource {
  readonly topic: string;
  /** The root field; its cursors are good for it alone. */
  readonly field: string;
  /** What its filters may name. */
  readonly fields: readonly Field[];
  readonly decode: RecordDecoder;
  /** Where its records lie, when that is not the log that all others have. */
  readonly log?: RecordLog;
  /** Present when its topic holds the present row of each key. */
  readonly table?: TableShape;
}

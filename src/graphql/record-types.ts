import { SluiceError } from '#errors';
import type { FeedRecord, Gap, Header, Page } from '#feed';
import type { Builder } from './builder.ts';

/** A record together with the topic it came from. */
export interface TopicRecord {
  readonly topic: string;
  readonly record: FeedRecord;
}

/** What a cursor of a page says. */
export type CursorPlace = Pick<Page, 'end' | 'epochs' | 'bookmark'>;

/** A page together with how its cursor is written. */
export interface ServedPage {
  readonly topic: string;
  readonly page: Page;
  readonly encode: (place: CursorPlace) => string;
  /** The cursor of its end. */
  readonly endCursor: () => string;
  /** The event time up to which a view is complete for who has read to its end; null while unknown. */
  readonly watermark: () => number | null;
}

/** Adds the types that every stream and view shares. */
export function addRecordTypes(builder: Builder) {
  const header = builder.objectRef<Header>('RecordHeader').implement({
    description: 'A header of a Kafka record. The same name may occur more than once.',
    fields: (t) => ({
      name: t.exposeString('name', { description: "The header's name." }),
      value: t.string({
        nullable: true,
        description: 'Its value as UTF-8 text.',
        resolve: ({ value }) => value?.toString() ?? null,
      }),
    }),
  });

  const metadata = builder.objectRef<TopicRecord>('RecordMetadata').implement({
    description: 'Where a record lies in Kafka, and what came with it.',
    fields: (t) => ({
      topic: t.exposeString('topic', { description: 'The Kafka topic.' }),
      partition: t.int({ description: 'The partition, from 0.', resolve: ({ record }) => record.partition }),
      offset: t.field({
        type: 'BigInt',
        description: 'The offset in its partition.',
        resolve: ({ record }) => record.offset,
      }),
      timestamp: t.field({
        type: 'DateTime',
        description: "The record's timestamp.",
        resolve: ({ record }) => record.timestampMs,
      }),
      key: t.string({
        nullable: true,
        description: 'The record key as UTF-8 text; null for a record without a key.',
        resolve: ({ record }) => record.key?.toString() ?? null,
      }),
      headers: t.field({
        type: [header],
        description: 'The headers, in order.',
        resolve: ({ record }) => [...record.headers],
      }),
    }),
  });

  const badRecord = builder.objectRef<FeedRecord>('BadRecord').implement({
    description: 'Why a record cannot be read as its declared type. Its neighbours are not harmed.',
    fields: (t) => ({
      reason: t.string({ description: 'What does not fit, and where.', resolve: ({ fault }) => fault ?? '' }),
      bytes: t.int({ description: "Size of the record's value in bytes.", resolve: ({ valueBytes }) => valueBytes }),
    }),
  });

  const operation = builder.enumType('Operation', {
    description: 'What a record did to its stream.',
    values: {
      INSERT: {
        description: 'A new event or result of an append-only stream or view: it is final, and will not change.',
      },
      UPSERT: { description: "The present row of a table's key: it may change again, or go." },
      DELETE: { description: 'The row of the key in `record.key` is gone.' },
    } as const,
  });

  const overflow = builder.enumType('Overflow', {
    description: 'What happens to a subscriber that takes its pages more slowly than the stream grows.',
    values: {
      CATCH_UP: { description: 'It reads on at its own pace, from Kafka, and loses nothing.' },
      LATEST: {
        description:
          'It gets the newest record of each key; `gap` says CONFLATED, and how many older ones were left out.',
      },
      DISCONNECT: { description: 'Its subscription is ended with SLOW_CONSUMER and the cursor to go on with.' },
    } as const,
  });

  const gap = addGap(builder);
  const pageInfo = addPageInfo(builder, gap);
  return { metadata, badRecord, operation, overflow, gap, pageInfo, ...addPositions(builder) };
}

/** The types that {@link addRecordTypes} made. */
export type RecordTypes = ReturnType<typeof addRecordTypes>;

function addGap(builder: Builder) {
  const gapReason = builder.enumType('GapReason', {
    description: 'Why records are missing.',
    values: {
      EXPIRED: { description: 'Retention deleted them before they were read.' },
      TRUNCATED: { description: 'The log is shorter than it was: a leader was lost.' },
      RECREATED: { description: 'The topic was deleted and made anew; reading goes on at its beginning.' },
      DISCONNECTED: {
        description: 'Of a Redis channel: the connection was lost for a time, and what was published then is not kept.',
      },
      CONFLATED: { description: 'The subscriber was slow and asked for the newest only.' },
    } as const,
  });

  return builder.objectRef<Gap>('Gap').implement({
    description: 'Records that are missing before this page. Nothing is ever left out without a gap that says so.',
    fields: (t) => ({
      reason: t.expose('reason', { type: gapReason, description: 'Why they are missing.' }),
      missed: t.field({
        type: 'BigInt',
        nullable: true,
        description: 'How many offsets are gone; null when nobody can know.',
        resolve: ({ missed }) => missed,
      }),
    }),
  });
}

function addPageInfo(builder: Builder, gap: ReturnType<typeof addGap>) {
  return builder.objectRef<ServedPage>('StreamPageInfo').implement({
    description: 'Where a page stands in its stream.',
    fields: (t) => ({
      endCursor: t.field({
        type: 'Cursor',
        description: 'Go on from here: pass it as `after` to this field, as a query or as a subscription.',
        resolve: ({ endCursor }) => endCursor(),
      }),
      live: t.boolean({
        description: 'True when all that was in the stream is read: what comes next is new.',
        resolve: ({ page }) => page.live,
      }),
      hasNextPage: t.boolean({
        description: 'True when there is more to come. False only at the end, for a subscription that of `until`.',
        resolve: ({ page }) => page.hasNextPage,
      }),
      gap: t.field({
        type: gap,
        nullable: true,
        description: 'Records missing before this page; null when none are.',
        resolve: ({ page }) => page.gap,
      }),
      lag: t.field({
        type: 'BigInt',
        description: 'How many offsets are left to read, over all partitions.',
        resolve: ({ page }) => page.lag,
      }),
      watermark: t.field({
        type: 'DateTime',
        nullable: true,
        description:
          "Of a view: all results up to this event time lie before the end of this page, but for those of late records. It is looked after while it is asked for, and moves with the checkpoints of the view's job: null at first, and for streams.",
        resolve: ({ watermark }) => watermark(),
      }),
    }),
  });
}

function addPositions(builder: Builder) {
  const partitionOffset = builder.inputType('PartitionOffset', {
    description: 'An offset of one partition.',
    fields: (t) => ({
      partition: t.int({ required: true, description: 'The partition, from 0.' }),
      offset: t.field({ type: 'BigInt', required: true, description: 'The offset.' }),
    }),
  });

  const start = builder.inputType('StartPosition', {
    description: 'Where to begin. Exactly one of the fields.',
    isOneOf: true,
    fields: (t) => ({
      earliest: t.boolean({ description: 'true: the oldest record there is.' }),
      latest: t.boolean({ description: 'true: only what comes from now on.' }),
      time: t.field({ type: 'DateTime', description: 'The first record at or after this time.' }),
      last: t.int({ description: 'The last so many records, over all partitions; 1 to 10000.' }),
      offsets: t.field({
        type: [partitionOffset],
        description: 'These offsets; partitions that are not named begin at their end.',
      }),
    }),
  });

  const end = builder.inputType('EndPosition', {
    description: 'Where to end, exclusive. Exactly one of the fields.',
    isOneOf: true,
    fields: (t) => ({
      latest: t.boolean({ description: 'true: what is there now.' }),
      time: t.field({ type: 'DateTime', description: 'Before the first record at or after this time.' }),
      offsets: t.field({
        type: [partitionOffset],
        description: 'Before these offsets; partitions that are not named end at their end.',
      }),
    }),
  });
  return { start, end };
}

/** Refuses what GraphQL's types cannot: a fault of an argument, told with its name. */
export function badArgument(name: string, message: string): SluiceError {
  return new SluiceError('BAD_INPUT', `Argument "${name}": ${message}`, { details: { argument: name } });
}

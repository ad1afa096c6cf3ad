import type { InputRef, ObjectRef } from '@pothos/core';
import { SluiceError } from '#errors';
import { checkFilterSize, type FeedRecord, type Page, type StartPosition, type Where } from '#feed';
import { inRange, toEnd, toStart, toSubscriptionEnd } from './arguments.ts';
import type { BuildContext, Builder } from './builder.ts';
import type { DeclaredNode, DeclaredTypes } from './declared-types.ts';
import type { Gateway, ServedSource } from './gateway.ts';
import { SubscriptionOpener, servedPage } from './open-subscription.ts';
import type { RecordTypes, ServedPage, TopicRecord } from './record-types.ts';

const defaultFirst = 20;
const maxFirst = 10_000;
const defaultMaxRecords = 500;
const maxRecordsInPage = 10_000;

/** An edge: a record and, on demand, the cursor after it. */
interface ServedEdge extends TopicRecord {
  cursor(): string;
}

/** What the fields of a source are made of. */
export interface SourceFields {
  readonly served: ServedSource;
  readonly types: RecordTypes;
  readonly connection: ObjectRef<Builder['$inferSchemaTypes'], ServedPage>;
  readonly filter: InputRef<DeclaredNode>;
  /** What the type is, in words. */
  readonly about: string;
}

/** What tells the subscription to a table from that to a stream. */
export interface SubscriptionKind {
  /** What it gives, in words. */
  readonly gives: string;
  /** What `from` is when absent, in words. */
  readonly otherwiseGives: string;
  readonly otherwise: StartPosition;
}

/** Adds the connection of a declared stream, its query and its subscription. */
export function addSourceFields(
  context: BuildContext,
  declared: DeclaredTypes,
  types: RecordTypes,
  served: ServedSource,
): void {
  const fields = createSourceFields(context.builder, declared, types, served);
  addQuery(context, fields);
  addSubscription(context, fields, {
    gives: 'The first page comes at once and says where it stands; then what comes, as it comes.',
    otherwiseGives: 'only what is new',
    otherwise: { kind: 'latest' },
  });
}

/** Adds the types of a declared stream or table. */
export function createSourceFields(
  builder: Builder,
  declared: DeclaredTypes,
  types: RecordTypes,
  served: ServedSource,
): SourceFields {
  const { source } = served;
  return {
    served,
    types,
    connection: addConnection(builder, declared, types, served),
    filter: declared.filter({ name: source.typeName, fields: source.fields }, declared.recordFilter()),
    about: source.description ?? `The type ${source.typeName}.`,
  };
}

function addQuery({ builder, gateway }: BuildContext, { served, types, connection, filter, about }: SourceFields) {
  const { source, feed } = served;
  builder.queryField(source.plural, (t) =>
    t.field({
      type: connection,
      description: `${about} Reads the history, oldest first, merged over the partitions by time.`,
      args: {
        first: t.arg.int({
          required: true,
          defaultValue: 20,
          description: `Most records to answer, 1 to ${maxFirst}.`,
        }),
        after: t.arg({ type: 'Cursor', description: 'Go on after this cursor.' }),
        from: t.arg({ type: types.start, description: 'Where to begin; the oldest record when absent.' }),
        until: t.arg({ type: types.end, description: 'Where to end; what is there now when absent.' }),
        where: t.arg({ type: filter, description: 'Only records that fit.' }),
      },
      async resolve(_root, args, { request }) {
        const first = inRange('first', args.first ?? defaultFirst, maxFirst);
        const from = await toStart(args, { ...startOptions(gateway, served), otherwise: { kind: 'earliest' } });
        const deadline = AbortSignal.timeout(gateway.queryTimeoutMs);
        const page = await gateway.feeds.query(feed, {
          first,
          from,
          until: toEnd(args.until),
          where: toWhere(args.where),
          signal: request ? AbortSignal.any([request.signal, deadline]) : deadline,
        });
        return servedPage(gateway, served, page);
      },
    }),
  );
}

/** Adds the subscription of a stream or table. */
export function addSubscription(
  { builder, gateway }: BuildContext,
  { served, types, connection, filter, about }: SourceFields,
  kind: SubscriptionKind,
): void {
  const opener = new SubscriptionOpener(gateway, served);
  builder.subscriptionField(served.source.plural, (t) =>
    t.field({
      type: connection,
      description: `${about} ${kind.gives}`,
      args: {
        after: t.arg({ type: 'Cursor', description: 'Go on after this cursor, without loss or repetition.' }),
        from: t.arg({ type: types.start, description: `Where to begin; ${kind.otherwiseGives} when absent.` }),
        until: t.arg({ type: types.end, description: 'Where to complete; never when absent.' }),
        where: t.arg({ type: filter, description: 'Only records that fit.' }),
        overflow: t.arg({
          type: types.overflow,
          defaultValue: 'CATCH_UP',
          description: 'What happens when this subscriber is slower than the stream.',
        }),
        maxRecords: t.arg.int({
          defaultValue: defaultMaxRecords,
          description: `Most records in a page, 1 to ${maxRecordsInPage}.`,
        }),
      },
      async subscribe(_root, args, context, info) {
        const maxRecords = inRange('maxRecords', args.maxRecords ?? defaultMaxRecords, maxRecordsInPage);
        const until = toSubscriptionEnd(args.until);
        const where = toWhere(args.where);
        const start = { ...args, lastEventId: context.lastEventId };
        const from = await toStart(start, {
          ...startOptions(gateway, served),
          otherwise: until ? { kind: 'earliest' } : kind.otherwise,
        });
        refuseMiddle(from);
        const request = { from, until, where, maxRecords, overflow: args.overflow ?? 'CATCH_UP' };
        return opener.open({ request, context, info });
      },
      resolve: (page) => page,
    }),
  );
}

/** A subscription cannot give the rest of a query's pages, and without them it would not be complete. */
function refuseMiddle(from: StartPosition): void {
  if (from.kind !== 'after' || from.cursor.bookmark?.of !== 'QUERY') return;
  throw new SluiceError(
    'BAD_CURSOR',
    'This cursor cannot be used: it stands in the middle of the pages of a query. Read the pages until hasNextPage is false, and subscribe with the endCursor of the last.',
  );
}

function startOptions(gateway: Gateway, { feed }: ServedSource) {
  return { cursors: gateway.cursors, scope: () => gateway.feeds.scope(feed) };
}

/** The filter, which must not be too large. */
export function toWhere(where: unknown): Where | null {
  if (!where) return null;
  checkFilterSize(where as Where);
  return where as Where;
}

function addConnection(
  builder: Builder,
  declared: DeclaredTypes,
  types: RecordTypes,
  { source }: ServedSource,
): ObjectRef<Builder['$inferSchemaTypes'], ServedPage> {
  const name = source.typeName;
  const node = declared.object({ name, description: source.description, fields: source.fields });

  const edge = builder.objectRef<ServedEdge>(`${name}Edge`).implement({
    description: `A ${name} with its place in the stream.`,
    fields: (t) => ({
      node: t.field({
        type: node,
        nullable: true,
        description: 'The value; null when it was deleted or does not decode.',
        resolve: ({ record }) => record.node,
      }),
      cursor: t.field({
        type: 'Cursor',
        description: 'The place after this record.',
        resolve: (parent) => parent.cursor(),
      }),
      operation: t.field({
        type: types.operation,
        description: 'What the record did.',
        resolve: ({ record }) => record.operation,
      }),
      record: t.field({
        type: types.metadata,
        description: 'Where the record lies in Kafka.',
        resolve: (parent) => parent,
      }),
      error: t.field({
        type: types.badRecord,
        nullable: true,
        description: 'Why the record does not decode; null when it does.',
        resolve: ({ record }) => (record.fault === null ? null : record),
      }),
    }),
  });

  return builder.objectRef<ServedPage>(`${name}Connection`).implement({
    description: `A page of ${source.plural}.`,
    fields: (t) => ({
      nodes: t.field({
        type: [node],
        description: 'The values alone: without deletions and records that do not decode.',
        resolve: ({ page }) => nodesOf(page.records),
      }),
      edges: t.field({ type: [edge], description: 'The records with all that is known of them.', resolve: edgesOf }),
      pageInfo: t.field({ type: types.pageInfo, description: 'Where the page stands.', resolve: (page) => page }),
    }),
  });
}

/** The values of the records that have one. */
export function nodesOf(records: readonly FeedRecord[]): NonNullable<FeedRecord['node']>[] {
  const nodes: NonNullable<FeedRecord['node']>[] = [];
  for (const { node } of records) if (node) nodes.push(node);
  return nodes;
}

function edgesOf({ topic, page, encode }: ServedPage): ServedEdge[] {
  const { rowBookmarkAt, end, epochs } = page;
  if (rowBookmarkAt) {
    return page.records.map((record, index) => ({
      topic,
      record,
      cursor() {
        const bookmark = rowBookmarkAt(index);
        return encode({ end, epochs, ...(bookmark && { bookmark }) });
      },
    }));
  }
  const places = new PlacesInPage(page);
  return page.records.map((record, index) => ({ topic, record, cursor: () => encode(places.after(index)) }));
}

/** The places after each record of a page; asked for in order, as execution does, each costs one step. */
class PlacesInPage {
  readonly #page: Page;
  #end: Map<number, bigint>;
  #taken = 0;

  constructor(page: Page) {
    this.#page = page;
    this.#end = new Map(page.start);
  }

  after(index: number): Pick<Page, 'end' | 'epochs'> {
    const { records, start, epochs } = this.#page;
    if (index < this.#taken - 1) {
      this.#end = new Map(start);
      this.#taken = 0;
    }
    for (; this.#taken <= index; this.#taken += 1) {
      const record = records[this.#taken];
      if (record) this.#end.set(record.partition, record.offset + 1n);
    }
    return { end: this.#end, epochs };
  }
}

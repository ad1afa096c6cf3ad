import type { ObjectRef } from '@pothos/core';
import { compileFilter, type FeedRecord, positionAfter, type Where } from '#feed';
import { inRange, toEnd, toStart } from './arguments.ts';
import type { BuildContext, Builder } from './builder.ts';
import type { DeclaredTypes } from './declared-types.ts';
import type { ServedSource } from './gateway.ts';
import { openPages } from './open-pages.ts';
import type { RecordTypes, ServedPage, TopicRecord } from './record-types.ts';

const defaultFirst = 20;
const maxFirst = 10_000;
const defaultMaxRecords = 500;
const maxRecordsInPage = 10_000;

/** An edge: a record and, on demand, the cursor after it. */
interface ServedEdge extends TopicRecord {
  cursor(): string;
}

/** Adds the connection of a declared type, its query and its subscription. */
export function addSourceFields(
  context: BuildContext,
  declared: DeclaredTypes,
  types: RecordTypes,
  served: ServedSource,
): void {
  const { builder, gateway } = context;
  const { source, feed } = served;
  const connection = addConnection(builder, declared, types, served);
  const filter = declared.filter({ name: source.typeName, fields: source.fields }, declared.recordFilter());
  const about = source.description ?? `The type ${source.typeName}.`;
  const servedPage = (page: ServedPage['page']): ServedPage => ({
    topic: source.topic,
    page,
    encode: (position) => gateway.cursors.encode(page.scope, position),
  });
  const positionOptions = { cursors: gateway.cursors, scope: () => gateway.feeds.scope(feed) };
  const filterOf = (where: unknown) => (where ? compileFilter(source.fields, where as Where) : null);

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
        const from = await toStart(args, { ...positionOptions, otherwise: { kind: 'earliest' } });
        const deadline = AbortSignal.timeout(gateway.queryTimeoutMs);
        const page = await gateway.feeds.query(feed, {
          first,
          from,
          until: toEnd(args.until),
          filter: filterOf(args.where),
          signal: request ? AbortSignal.any([request.signal, deadline]) : deadline,
        });
        return servedPage(page);
      },
    }),
  );

  builder.subscriptionField(source.plural, (t) =>
    t.field({
      type: connection,
      description: `${about} The first page comes at once and says where it stands; then what comes, as it comes.`,
      args: {
        after: t.arg({ type: 'Cursor', description: 'Go on after this cursor, without loss or repetition.' }),
        from: t.arg({ type: types.start, description: 'Where to begin; only what is new when absent.' }),
        where: t.arg({ type: filter, description: 'Only records that fit.' }),
        maxRecords: t.arg.int({
          defaultValue: defaultMaxRecords,
          description: `Most records in a page, 1 to ${maxRecordsInPage}.`,
        }),
      },
      async subscribe(_root, args) {
        const maxRecords = inRange('maxRecords', args.maxRecords ?? defaultMaxRecords, maxRecordsInPage);
        const from = await toStart(args, { ...positionOptions, otherwise: { kind: 'latest' } });
        const request = { from, filter: filterOf(args.where), maxRecords };
        return openPages((signal) => gateway.feeds.subscribe(feed, request, signal));
      },
      resolve: (page) => servedPage(page),
    }),
  );
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

function nodesOf(records: readonly FeedRecord[]): NonNullable<FeedRecord['node']>[] {
  return records.flatMap(({ node }) => (node ? [node] : []));
}

function edgesOf({ topic, page, encode }: ServedPage): ServedEdge[] {
  let position = page.start;
  return page.records.map((record) => {
    position = positionAfter(position, record);
    const after = position;
    return { topic, record, cursor: () => encode(after) };
  });
}

import type { EnumRef, ObjectRef } from '@pothos/core';
import type { FeedRecord, StartPosition } from '#feed';
import type { RedisPlace } from '#model';
import { inRange } from './arguments.ts';
import type { BuildContext, Builder } from './builder.ts';
import type { DeclaredTypes } from './declared-types.ts';
import type { ServedSource } from './gateway.ts';
import { SubscriptionOpener } from './open-subscription.ts';
import type { RecordTypes, ServedPage, TopicRecord } from './record-types.ts';
import { nodesOf, toWhere } from './source-fields.ts';

const defaultMaxRecords = 500;
const maxRecordsInPage = 10_000;

type Types = Builder['$inferSchemaTypes'];

/** The types that all channels share. */
export interface ChannelTypes {
  readonly metadata: ObjectRef<Types, TopicRecord>;
  readonly pageInfo: ObjectRef<Types, ServedPage>;
  readonly badRecord: RecordTypes['badRecord'];
  readonly overflow: EnumRef<Types, 'CATCH_UP' | 'LATEST' | 'DISCONNECT'>;
}

/** Adds what tells a message of a channel from a record: it lies nowhere, so that there are no offsets and no cursors. */
export function addChannelTypes(builder: Builder, { gap, badRecord, overflow }: RecordTypes): ChannelTypes {
  const metadata = builder.objectRef<TopicRecord>('MessageMetadata').implement({
    description: 'What came with a message of a Redis channel.',
    fields: (t) => ({
      channel: t.string({
        description: 'The channel that it was published on.',
        resolve: ({ topic, record }) => record.key?.toString() ?? topic,
      }),
      receivedAt: t.field({
        type: 'DateTime',
        description: 'When this gateway received it; Redis tells no time.',
        resolve: ({ record }) => record.timestampMs,
      }),
    }),
  });
  const pageInfo = builder.objectRef<ServedPage>('ChannelPageInfo').implement({
    description: 'Where a page of a Redis channel stands.',
    fields: (t) => ({
      live: t.boolean({
        description: 'True when everything that was received is given: what comes next is new.',
        resolve: ({ page }) => page.live,
      }),
      gap: t.field({
        type: gap,
        nullable: true,
        description: 'Messages that are missing before this page; null when none are that this gateway knows of.',
        resolve: ({ page }) => page.gap,
      }),
    }),
  });
  return { metadata, pageInfo, badRecord, overflow };
}

/** Adds the subscription of a Redis channel or pattern. There is no query, and nothing to start from: it has no history. */
export function addChannelFields(
  { builder, gateway }: BuildContext,
  declared: DeclaredTypes,
  types: ChannelTypes,
  { served, place }: { readonly served: ServedSource; readonly place: RedisPlace },
): void {
  const { source } = served;
  const opener = new SubscriptionOpener(gateway, served);
  const what = place.kind === 'PATTERN' ? 'channels that fit' : 'channel';
  builder.subscriptionField(source.plural, (t) =>
    t.field({
      type: addConnection(builder, declared, types, served),
      description: `${source.description ?? `The type ${source.typeName}.`} What is published on the Redis ${what} "${place.name}" from the first page on. Redis keeps none of it.`,
      args: {
        where: t.arg({
          type: declared.filter({ name: source.typeName, fields: source.fields }),
          description: 'Only messages that fit.',
        }),
        overflow: t.arg({
          type: types.overflow,
          defaultValue: 'CATCH_UP',
          description:
            'What happens when this subscriber is slower than the channel. CATCH_UP reads on from what the gateway holds of the newest messages; what has left that is told as a gap. DISCONNECT ends it, and what comes meanwhile is missed.',
        }),
        maxRecords: t.arg.int({
          defaultValue: defaultMaxRecords,
          description: `Most messages in a page, 1 to ${maxRecordsInPage}.`,
        }),
      },
      async subscribe(_root, args, context, info) {
        const maxRecords = inRange('maxRecords', args.maxRecords ?? defaultMaxRecords, maxRecordsInPage);
        // Who was here before has missed what came meanwhile, and is told.
        const from: StartPosition = context.lastEventId
          ? { kind: 'latest', gap: { reason: 'DISCONNECTED', missed: null } }
          : { kind: 'latest' };
        const overflow = args.overflow ?? 'CATCH_UP';
        return opener.open({
          request: { from, until: null, where: toWhere(args.where), maxRecords, overflow },
          context,
          info,
        });
      },
      resolve: (page) => page,
    }),
  );
}

function addConnection(
  builder: Builder,
  declared: DeclaredTypes,
  types: ChannelTypes,
  { source }: ServedSource,
): ObjectRef<Types, ServedPage> {
  const name = source.typeName;
  const node = declared.object({ name, description: source.description, fields: source.fields });
  const edge = builder.objectRef<TopicRecord>(`${name}Edge`).implement({
    description: `A ${name} as it came by its channel.`,
    fields: (t) => ({
      node: t.field({
        type: node,
        nullable: true,
        description: 'The value; null when it does not decode.',
        resolve: ({ record }) => record.node,
      }),
      record: t.field({
        type: types.metadata,
        description: 'What came with the message.',
        resolve: (parent) => parent,
      }),
      error: t.field({
        type: types.badRecord,
        nullable: true,
        description: 'Why the message does not decode; null when it does.',
        resolve: ({ record }) => (record.fault === null ? null : record),
      }),
    }),
  });
  return builder.objectRef<ServedPage>(`${name}Connection`).implement({
    description: `A page of ${source.plural}.`,
    fields: (t) => ({
      nodes: t.field({
        type: [node],
        description: 'The values alone: without messages that do not decode.',
        resolve: ({ page }) => nodesOf(page.records),
      }),
      edges: t.field({
        type: [edge],
        description: 'The messages with all that is known of them.',
        resolve: ({ topic, page }) => page.records.map((record: FeedRecord) => ({ topic, record })),
      }),
      pageInfo: t.field({ type: types.pageInfo, description: 'Where the page stands.', resolve: (page) => page }),
    }),
  });
}

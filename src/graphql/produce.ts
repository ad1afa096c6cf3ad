import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql';
import { messageOf, SluiceError } from '#errors';
import { epochsOf, type Position } from '#feed';
import type { NewRecord, WriteOutcome } from '#kafka';
import { type Stream, toProduceField } from '#model';
import type { BuildContext } from './builder.ts';
import type { DeclaredNode, DeclaredTypes } from './declared-types.ts';
import type { Gateway, ServedSource } from './gateway.ts';
import type { ProduceResult, ProduceTypes } from './produce-types.ts';
import { badArgument } from './record-types.ts';

const maxEvents = 10_000;

/** `ProduceOptions` as GraphQL coerced it. */
interface Options {
  readonly headers?:
    | readonly { readonly name: string; readonly value?: string | null | undefined }[]
    | null
    | undefined;
  readonly partition?: number | null | undefined;
  readonly timestamp?: string | null | undefined;
}

/** Adds `produceX` of a declared stream. */
export function addProduceField(
  { builder, gateway }: BuildContext,
  declared: DeclaredTypes,
  types: ProduceTypes,
  { served, stream }: { readonly served: ServedSource; readonly stream: Stream },
): void {
  const eventTime = stream.eventTime.field?.name;
  const optional = new Set(eventTime ? [eventTime] : []);
  const input = declared.input(
    { name: stream.typeName, description: stream.description, fields: stream.fields },
    optional,
  );
  builder.mutationField(toProduceField(stream.plural), (t) =>
    t.field({
      type: types.payload,
      description: `Writes events to ${stream.topic}. All are checked before any is written; each has its own outcome.`,
      args: {
        events: t.arg({ type: [input], required: true, description: `The events, 1 to ${maxEvents}.` }),
        options: t.arg({ type: types.options, description: 'Headers, partition and timestamp.' }),
      },
      resolve: (_root, args, _context, info) =>
        produce(gateway, served, {
          events: args.events,
          options: args.options ?? {},
          wantsCursors: selectsCursor(info),
        }),
    }),
  );
}

async function produce(
  gateway: Gateway,
  served: ServedSource,
  call: { readonly events: readonly DeclaredNode[]; readonly options: Options; readonly wantsCursors: boolean },
): Promise<ProduceResult> {
  const { feed, source } = served;
  const records = toRecords(gateway, served, call);
  // Asked for before anything is written: whatever is in the log by then is not ours.
  const [bounds, scope] = call.wantsCursors
    ? await Promise.all([gateway.feeds.bounds(feed), gateway.feeds.scope(feed)])
    : [null, null];
  const outcomes = await gateway.writer.write(source.topic, records, { deadlineMs: gateway.produceTimeoutMs });
  const before = positionBefore(outcomes, bounds ?? new Map());
  const epochs = epochsOf(bounds ?? new Map());
  const encode = (position: Position) => (scope ? gateway.cursors.encode(scope, position, epochs) : '');
  return {
    records: outcomes.map((result) => ({
      topic: source.topic,
      result,
      cursor: () => encode(positionPast(before, result)),
    })),
    before: () => encode(before),
  };
}

/** Checks and encodes every event before any is written. */
function toRecords(
  gateway: Gateway,
  { source, codec }: ServedSource,
  { events, options }: { readonly events: readonly DeclaredNode[]; readonly options: Options },
): NewRecord[] {
  if (events.length < 1 || events.length > maxEvents)
    throw badArgument('events', `1 to ${maxEvents} events, not ${events.length}.`);
  const now = gateway.now();
  const timestampMs = options.timestamp ? Date.parse(options.timestamp) : now;
  const timeField = source.kind === 'stream' ? source.eventTime.field?.name : undefined;
  const headers = (options.headers ?? []).map(({ name, value }) => ({
    name,
    value: value === null || value === undefined ? null : Buffer.from(value),
  }));
  return events.map((event, index) => {
    const node =
      timeField && (event[timeField] ?? null) === null ? { ...event, [timeField]: new Date(now).toISOString() } : event;
    try {
      const record = { key: codec.encodeKey(node), value: codec.encode(node), headers, timestampMs };
      return typeof options.partition === 'number' ? { ...record, partition: options.partition } : record;
    } catch (error) {
      throw new SluiceError('BAD_EVENT', `events[${index}]: ${messageOf(error)} Nothing of this call was written.`, {
        details: { path: ['events', index] },
        cause: error,
      });
    }
  });
}

/** Before the first acknowledged record in each partition that got one; at the end that was in the others. */
function positionBefore(
  outcomes: readonly WriteOutcome[],
  bounds: ReadonlyMap<number, { readonly end: bigint }>,
): Position {
  const first = new Map<number, bigint>();
  for (const result of outcomes) {
    if (result.outcome !== 'ACKED') continue;
    const known = first.get(result.partition);
    if (known === undefined || result.offset < known) first.set(result.partition, result.offset);
  }
  const ends = [...bounds].map(([partition, { end }]) => [partition, end] as const);
  return new Map([...ends, ...first]);
}

function positionPast(before: Position, result: WriteOutcome): Position {
  return result.outcome === 'ACKED' ? new Map(before).set(result.partition, result.offset + 1n) : before;
}

/** Whether the operation asks for a cursor, at any depth, also within fragments: it costs a look at the log. */
function selectsCursor(info: GraphQLResolveInfo): boolean {
  const within = (set: SelectionSetNode | undefined): boolean =>
    (set?.selections ?? []).some((selection) => {
      if (selection.kind === 'FragmentSpread') return within(info.fragments[selection.name.value]?.selectionSet);
      if (selection.kind === 'InlineFragment') return within(selection.selectionSet);
      return selection.name.value === 'before' || selection.name.value === 'cursor' || within(selection.selectionSet);
    });
  return info.fieldNodes.some((node) => within(node.selectionSet));
}

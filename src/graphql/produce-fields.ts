import type { InputRef } from '@pothos/core';
import { SluiceError } from '#errors';
import { isTable, type Stream, toDeleteField, toProduceField } from '#model';
import type { BuildContext } from './builder.ts';
import type { DeclaredNode, DeclaredTypes } from './declared-types.ts';
import type { ServedSource } from './gateway.ts';
import { Producer, selectsCursor } from './produce.ts';
import { type EventList, maxEvents } from './produce-records.ts';
import type { ProduceResult, ProduceTypes } from './produce-types.ts';
import { badArgument } from './record-types.ts';

/** A stream that is produced to. */
interface ProducedStream {
  readonly served: ServedSource;
  readonly stream: Stream;
  readonly input: InputRef<DeclaredNode>;
}

/** What the fields of one schema share. */
interface ProduceFields {
  readonly context: BuildContext;
  readonly types: ProduceTypes;
  readonly producer: Producer;
}

const optionsMeaning = 'How to write the records, and for how long to try.';

/** Adds the mutations that write into the streams: `produceX` of each, `deleteX` of compacted ones, `produce` across them. */
export function addProduceFields(
  context: BuildContext,
  declared: DeclaredTypes,
  types: ProduceTypes,
  streams: readonly { readonly served: ServedSource; readonly stream: Stream }[],
): void {
  const fields: ProduceFields = { context, types, producer: new Producer(context.gateway) };
  const produced = streams.map(({ served, stream }) => ({ served, stream, input: eventInput(declared, stream) }));
  for (const each of produced) {
    addProduceField(fields, each);
    if (isTable(each.stream) && each.stream.key.length > 0) addDeleteField(fields, declared, each);
  }
  if (produced.length > 0) addBatchField(fields, produced);
}

function eventInput(declared: DeclaredTypes, { typeName, description, fields, eventTime }: Stream) {
  const optional = new Set(eventTime.field ? [eventTime.field.name] : []);
  return declared.input({ name: typeName, description, fields }, optional);
}

function addProduceField({ context, types, producer }: ProduceFields, { served, stream, input }: ProducedStream): void {
  context.builder.mutationField(toProduceField(stream.plural), (t) =>
    t.field({
      type: types.payload,
      description: `Writes events to ${stream.topic}. All are checked before any is written; each has its own outcome.`,
      args: {
        events: t.arg({ type: [input], required: true, description: `The events, 1 to ${maxEvents}.` }),
        options: t.arg({ type: types.options, description: optionsMeaning }),
      },
      async resolve(_root, { events, options }, { rights }, info) {
        const lists: EventList[] = [{ served, kind: 'EVENTS', events, path: ['events'] }];
        const wantsCursors = selectsCursor(info);
        const [result] = await producer.produce({ lists, options: options ?? {}, wantsCursors, rights });
        return result ?? nothing;
      },
    }),
  );
}

function addDeleteField(
  { context, types, producer }: ProduceFields,
  declared: DeclaredTypes,
  { served, stream }: ProducedStream,
): void {
  const { typeName, key, plural, topic } = stream;
  if (context.gateway.model.objects.some(({ name }) => name === `${typeName}Key`)) {
    const reason = `The type "${typeName}Key" has the name of what ${toDeleteField(plural)} takes: "${typeName}" is a table. Rename it.`;
    throw new SluiceError('BAD_DECLARATION', reason);
  }
  const input = declared.input({
    name: `${typeName}Key`,
    description: `The key of a ${typeName}.`,
    fields: key.map((field) => ({ ...field, required: true })),
  });
  context.builder.mutationField(toDeleteField(plural), (t) =>
    t.field({
      type: types.payload,
      description: `Deletes rows of ${plural} by their keys: writes a record without a value for each to ${topic}. A key without a row is no error.`,
      args: {
        keys: t.arg({ type: [input], required: true, description: `The keys, 1 to ${maxEvents}.` }),
        options: t.arg({ type: types.options, description: optionsMeaning }),
      },
      async resolve(_root, { keys, options }, { rights }, info) {
        const lists: EventList[] = [{ served, kind: 'KEYS', events: keys, path: ['keys'] }];
        const wantsCursors = selectsCursor(info);
        const [result] = await producer.produce({ lists, options: options ?? {}, wantsCursors, rights });
        return result ?? nothing;
      },
    }),
  );
}

/** What a call without lists came to; there is none. */
const nothing: ProduceResult = { records: [], before: () => '' };

function addBatchField({ context, types, producer }: ProduceFields, streams: readonly ProducedStream[]): void {
  const { builder } = context;
  const batch = builder.inputRef<Readonly<Record<string, readonly DeclaredNode[] | null>>>('ProduceBatch').implement({
    description: 'Events for several streams, by the name of their root field.',
    fields: (t) =>
      Object.fromEntries(
        streams.map(({ stream, input }) => [
          stream.plural,
          t.field({ type: [input], description: `Events for ${stream.topic}, in order.` }),
        ]),
      ) as never,
  });
  const payload = builder.objectRef<ReadonlyMap<string, ProduceResult>>('ProduceBatchPayload').implement({
    description: 'The outcomes of a batch, by stream; null for streams that the batch has no events for.',
    fields: (t) =>
      Object.fromEntries(
        streams.map(({ stream: { plural, topic } }) => [
          plural,
          t.field({
            type: types.payload,
            nullable: true,
            description: `What became of the events for ${topic}.`,
            resolve: (results) => results.get(plural) ?? null,
          }),
        ]),
      ),
  });
  builder.mutationField('produce', (t) =>
    t.field({
      type: payload,
      description: `Writes events to several streams. All are checked before any is written. With \`atomic: true\` they become visible together, or none of them does.`,
      args: {
        batch: t.arg({ type: batch, required: true, description: `The events, 1 to ${maxEvents} in all.` }),
        options: t.arg({ type: types.options, description: optionsMeaning }),
      },
      async resolve(_root, args, { rights }, info) {
        const lists = streams.flatMap(({ served, stream: { plural } }): EventList[] => {
          const events = args.batch[plural] ?? [];
          return events.length === 0 ? [] : [{ served, kind: 'EVENTS', events, path: ['batch', plural] }];
        });
        const total = lists.reduce((sum, { events }) => sum + events.length, 0);
        if (total < 1 || total > maxEvents)
          throw badArgument('batch', `1 to ${maxEvents} events in all, not ${total}.`);
        const wantsCursors = selectsCursor(info);
        const results = await producer.produce({ lists, options: args.options ?? {}, wantsCursors, rights });
        return new Map(lists.map(({ served }, list) => [served.source.plural, results[list] ?? nothing] as const));
      },
    }),
  );
}

import { messageOf, SluiceError } from '#errors';
import { epochsOf } from '#feed';
import { type RedisPlace, type Stream, toProduceField } from '#model';
import type { PublishOutcome, Redis } from '#redis';
import type { BuildContext, Builder } from './builder.ts';
import type { DeclaredNode, DeclaredTypes } from './declared-types.ts';
import type { Gateway, ServedSource } from './gateway.ts';
import type { ProduceTypes } from './produce-types.ts';
import { badArgument } from './record-types.ts';

const maxEvents = 10_000;

/** A stream in Redis that can be produced to. */
export interface RedisTarget {
  readonly served: ServedSource;
  readonly stream: Stream;
  readonly place: RedisPlace;
}

/** Adds `produceX` of a Redis Stream: its entries have a place each, so that the answer is the same as for Kafka. */
export function addAppendField(
  { builder, gateway }: BuildContext,
  declared: DeclaredTypes,
  types: ProduceTypes,
  target: RedisTarget,
): void {
  const { stream, place } = target;
  builder.mutationField(toProduceField(stream.plural), (t) =>
    t.field({
      type: types.payload,
      description: `Adds events to the Redis Stream "${place.name}". All are checked before any is added; each has its own outcome.`,
      args: { events: t.arg({ type: [inputOf(declared, stream)], required: true, description: eventsMeaning }) },
      resolve: (_root, { events }) => append(gateway, target, events),
    }),
  );
}

async function append(gateway: Gateway, { served, stream, place }: RedisTarget, events: readonly DeclaredNode[]) {
  const values = encodeAll(gateway, { served, stream }, events);
  const { feeds, cursors } = gateway;
  // Asked for in front of the entries, on their connection: where there is no answer for them, they lie after it if anywhere.
  const asked = feeds.bounds(served.feed).catch(() => null);
  const results = await redisOf(gateway).append(stream, values, gateway.produceTimeoutMs);
  const [bounds, scope] = await Promise.all([asked, feeds.scope(served.feed)]);
  const first = results.find((result) => result.outcome === 'ACKED');
  const before = first?.offset ?? bounds?.get(0)?.end ?? 0n;
  const encode = (offset: bigint) => cursors.encode(scope, new Map([[0, offset]]), epochsOf(new Map()));
  return {
    records: results.map((result) => ({
      topic: place.name,
      result,
      cursor: () => encode(result.outcome === 'ACKED' ? result.offset + 1n : before),
    })),
    before: () => encode(before),
  };
}

/** What a call of publishing came to. */
interface Published {
  readonly channel: string;
  readonly result: PublishOutcome;
}

/** The types that all channels share for what is published. */
export type PublishTypes = ReturnType<typeof addPublishTypes>;

/** Adds the answer of publishing: a message lies nowhere afterwards, so that there are no offsets and no cursors. */
export function addPublishTypes(builder: Builder, { outcome, error }: ProduceTypes) {
  const message = builder.objectRef<Published>('PublishedMessage').implement({
    description: 'What became of one message that was published on a Redis channel.',
    fields: (t) => ({
      outcome: t.field({
        type: outcome,
        description: 'ACKED: Redis took it and gave it to who listened then. It is kept nowhere.',
        resolve: ({ result }) => result.outcome,
      }),
      channel: t.exposeString('channel', { description: 'The channel.' }),
      receivers: t.int({
        nullable: true,
        description:
          'How many connections Redis gave it to: 0 is nobody. All subscribers of a gateway are one; those of a Redis cluster are counted on one node only.',
        resolve: ({ result }) => (result.outcome === 'ACKED' ? result.receivers : null),
      }),
      error: t.field({
        type: error,
        nullable: true,
        description: 'Why it was not acknowledged.',
        resolve: ({ result }) => (result.outcome === 'ACKED' ? null : toData(result.error)),
      }),
    }),
  });
  return builder.objectRef<readonly Published[]>('PublishPayload').implement({
    description: 'The outcome of publishing: one entry a message, in order.',
    fields: (t) => ({
      records: t.field({
        type: [message],
        description: 'What became of each message.',
        resolve: (published) => [...published],
      }),
    }),
  });
}

/** Adds `produceX` of a Redis channel. */
export function addPublishField(
  { builder, gateway }: BuildContext,
  declared: DeclaredTypes,
  payload: PublishTypes,
  target: RedisTarget,
): void {
  const { stream, place } = target;
  builder.mutationField(toProduceField(stream.plural), (t) =>
    t.field({
      type: payload,
      description: `Publishes events on the Redis channel "${place.name}". All are checked before any is published. Nothing is stored: who does not listen then misses them.`,
      args: { events: t.arg({ type: [inputOf(declared, stream)], required: true, description: eventsMeaning }) },
      async resolve(_root, { events }) {
        const values = encodeAll(gateway, target, events);
        const results = await redisOf(gateway).publish(place, values, gateway.produceTimeoutMs);
        return results.map((result) => ({ channel: place.name, result }));
      },
    }),
  );
}

/** An error that is data: GraphQL takes every Error for a failure of the field. */
function toData({ code, message }: SluiceError): Pick<SluiceError, 'code' | 'message'> {
  return { code, message };
}

const eventsMeaning = `The events, 1 to ${maxEvents}.`;

function inputOf(declared: DeclaredTypes, stream: Stream) {
  const eventTime = stream.eventTime.field?.name;
  const { typeName: name, description, fields } = stream;
  return declared.input({ name, description, fields }, new Set(eventTime ? [eventTime] : []));
}

/** Checks and encodes every event before any is sent. */
function encodeAll(
  gateway: Gateway,
  { served, stream }: Pick<RedisTarget, 'served' | 'stream'>,
  events: readonly DeclaredNode[],
): Buffer[] {
  if (events.length < 1 || events.length > maxEvents)
    throw badArgument('events', `1 to ${maxEvents} events, not ${events.length}.`);
  const timeField = stream.eventTime.field?.name;
  const time = new Date(gateway.now()).toISOString();
  return events.map((event, index) => {
    const isTimeless = timeField !== undefined && (event[timeField] ?? null) === null;
    try {
      return served.codec.encode(isTimeless ? { ...event, [timeField]: time } : event);
    } catch (error) {
      const details = { path: ['events', index] };
      const message = `events[${index}]: ${messageOf(error)} Nothing of this call was written.`;
      throw new SluiceError('BAD_EVENT', message, { details, cause: error });
    }
  });
}

function redisOf({ redis }: Gateway): Pick<Redis, 'append' | 'publish'> {
  if (redis) return redis;
  throw new SluiceError('REDIS_UNAVAILABLE', 'This gateway has no Redis. Set SLUICE_REDIS_URL.');
}

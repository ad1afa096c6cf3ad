import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayContext } from './context.ts';
import { clickFields, userName } from './load/click.ts';
import { type Producer, type Subscribers, startProducer, subscribe } from './load/start.ts';
import type { Operation } from './load/subscribers.ts';
import { format, type Line } from './report.ts';

const keyedCount = 10_000;
/** So many keyed subscriptions share a socket, as the rooms of a chat or the rows of a dashboard do. */
const perSocket = 20;
const events = 300_000;
const warmUpEvents = 50_000;
const deadlineMs = 12_000;
/** The subscriber that is there in all runs, and by whom one knows how far the gateway has come. */
// As long as a user's name: all records must be equally long.
const observer = { user: 'observer-00', every: 500 };
const keyedQuery = `subscription ($user: ID!) {
  clicks(where: { userId: { eq: $user } }) { nodes { ${clickFields} } pageInfo { endCursor } }
}`;

/** What a burst of events cost the gateway. */
interface Passage {
  /** Events that the gateway has read and distributed, whomever they were for. */
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Records that the keyed subscribers got, and in how many pages. */
  readonly delivered: number;
  readonly pages: number;
}

/**
 * A burst of events of 10,000 users, as fast as Kafka takes them, with a subscriber for each of the users, against the
 * same burst with one subscriber. Each event concerns one keyed subscriber, so the gateway has a page to send for
 * nearly each event, where the one subscriber (the observer, in both runs) gets every 500th. Events per second are what
 * the design wants; with one subscriber they are the producer's limit, with 10,000 nearly the gateway's. What an event
 * costs the gateway is told beside it.
 */
export async function measureKeyed(context: GatewayContext): Promise<readonly Line[]> {
  const { alone, among } = await passages(context, userName);
  const what = `${format(keyedCount)} subscribers with a where each, every event for one of them`;
  const baselineIs = '1 subscriber, same events';
  return [
    {
      what,
      unit: 'events/s',
      sluice: among.events / among.seconds,
      baseline: alone.events / alone.seconds,
      baselineIs,
      compared: 'ratio',
      target: { atLeast: 0.5 },
      note: describe(alone, among),
    },
    {
      what: 'the same, cost of an event with its page',
      unit: 'CPU µs/event',
      sluice: (1e6 * among.cpuSeconds) / among.events,
      baseline: (1e6 * alone.cpuSeconds) / alone.events,
      baselineIs,
      compared: 'ratio',
    },
  ];
}

/** The same with 10,000 subscribers whom no event concerns. No target: to be known. */
export async function measureNoMatch(context: GatewayContext): Promise<readonly Line[]> {
  const { alone, among } = await passages(context, (index) => `absent-${index}`);
  return [
    {
      what: `an event that none of ${format(keyedCount)} subscribers with a where each wants`,
      unit: 'CPU µs/event',
      sluice: (1e6 * among.cpuSeconds) / among.events,
      baseline: (1e6 * alone.cpuSeconds) / alone.events,
      baselineIs: '1 subscriber, same events',
      compared: 'ratio',
      note: describe(alone, among),
    },
  ];
}

async function passages(context: GatewayContext, userOf: (index: number) => string) {
  await using producer = await startProducer(context, context.topic);
  await using watching = await subscribe(context, [keyed(observer.user)]);
  await pass(producer, watching, null, warmUpEvents);
  const alone = await pass(producer, watching, null, events);
  const operations = Array.from({ length: keyedCount }, (_, index) => keyed(userOf(index)));
  await using others = await subscribe(context, operations, { connections: keyedCount / perSocket });
  await pass(producer, watching, others, warmUpEvents);
  const among = await pass(producer, watching, others, events);
  return { alone, among };
}

function keyed(user: string): Operation {
  return { query: keyedQuery, variables: { user } };
}

/** Sends a burst and waits until the observer has seen the last of it, or until it takes too long. */
async function pass(
  producer: Producer,
  watching: Subscribers,
  others: Subscribers | null,
  count: number,
): Promise<Passage> {
  await watching.ask('read', undefined);
  await others?.ask('read', undefined);
  const startedAt = performance.now();
  const users = Array.from({ length: keyedCount }, (_, index) => userName(index));
  const burst = producer.ask('burst', { events: count, users, observer });
  // When something else fails first, that is what is told.
  burst.catch(() => undefined);
  let passed = 0;
  let cpuSeconds = 0;
  while (passed < count && performance.now() - startedAt < deadlineMs) {
    await delay(20);
    const { records, serverCpuSeconds } = await watching.ask('read', undefined);
    passed += records * observer.every;
    cpuSeconds += serverCpuSeconds;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const got = await others?.ask('read', undefined);
  await burst;
  return { events: passed, seconds, cpuSeconds, delivered: got?.records ?? 0, pages: got?.frames ?? 0 };
}

function describe(alone: Passage, among: Passage): string {
  const words = ({ events: passed, seconds, cpuSeconds }: Passage) =>
    `${format(passed)} events in ${format(seconds)} s, gateway's CPU ${Math.round((100 * cpuSeconds) / seconds)} %`;
  return `${words(among)}, ${format(among.delivered)} delivered in ${format(among.pages)} pages; baseline: ${words(alone)}; ${perSocket} subscriptions a socket`;
}

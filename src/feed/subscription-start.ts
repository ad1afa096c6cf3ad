import type { Standing } from './catch-up.ts';
import type { Position } from './log.ts';
import {
  type EndPosition,
  type Gap,
  resolveEnd,
  resolveStart,
  type StartContext,
  type StartPosition,
} from './start.ts';
import type { SubscriptionParts } from './subscribe-request.ts';

/** Where a subscription begins, and the gap that lies before it. */
export interface Start {
  readonly from: Standing;
  readonly gap: Gap | null;
}

/** Finds where a subscription to a topic's records begins. Rejects with TOPIC_MISSING when the topic is another one by now. */
export async function findStart(start: StartPosition, parts: SubscriptionParts, signal: AbortSignal): Promise<Start> {
  const { position, epochs } = parts.feed.dispatcher;
  if (start.kind === 'latest') return { from: { position, epochs }, gap: start.gap ?? null };
  const resolved = await resolveStart(start, await contextOf(parts, signal));
  await parts.feed.verify();
  return { from: { position: resolved.position, epochs: resolved.epochs }, gap: resolved.gap };
}

/** Finds where a bounded subscription ends; null while that lies in the future. */
export async function findEnd(
  until: EndPosition,
  parts: SubscriptionParts,
  signal: AbortSignal,
): Promise<Position | null> {
  if (until.kind === 'time' && until.timestampMs > parts.now()) return null;
  const end = await resolveEnd(until, await contextOf(parts, signal));
  await parts.feed.verify();
  return end;
}

async function contextOf({ feed, log, source }: SubscriptionParts, signal: AbortSignal): Promise<StartContext> {
  const { topic, decode } = source;
  return { log, decode, topic, topicId: feed.identity.topicId, bounds: await feed.bounds(), signal };
}

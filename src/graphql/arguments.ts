import type { CursorScope, Cursors, EndPosition, PartitionOffset, StartPosition } from '#feed';
import { badArgument } from './record-types.ts';

const maxLast = 10_000;

/** `StartPosition` as GraphQL coerced it. */
interface StartInput {
  readonly earliest?: boolean | null;
  readonly latest?: boolean | null;
  readonly time?: string | null;
  readonly last?: number | null;
  readonly offsets?: readonly { readonly partition: number; readonly offset: bigint | number }[] | null;
}

type EndInput = Pick<StartInput, 'latest' | 'time' | 'offsets'>;

/** The arguments that say where to begin. */
export interface StartArguments {
  readonly after?: string | null | undefined;
  readonly from?: StartInput | null | undefined;
  /** A cursor that takes the place of both. */
  readonly lastEventId?: string | undefined;
}

/** The start that the arguments ask for, or the default. The scope is asked for only when there is a cursor. */
export async function toStart(
  { after, from, lastEventId }: StartArguments,
  options: { readonly otherwise: StartPosition; readonly cursors: Cursors; readonly scope: () => Promise<CursorScope> },
): Promise<StartPosition> {
  if (after && from) throw badArgument('after', 'give either "after" or "from", not both.');
  const cursor = lastEventId || after;
  if (cursor) return { kind: 'after', cursor: options.cursors.decode(await options.scope(), cursor) };
  if (!from) return options.otherwise;
  if (from.earliest) return { kind: 'earliest' };
  if (from.latest) return { kind: 'latest' };
  if (from.time) return { kind: 'time', timestampMs: Date.parse(from.time) };
  if (from.offsets) return { kind: 'offsets', offsets: toOffsets(from.offsets) };
  if (typeof from.last === 'number') return { kind: 'last', count: inRange('from.last', from.last, maxLast) };
  throw badArgument('from', '"earliest" and "latest" can only be true.');
}

/** The end that a subscription asks for; null: it never completes. */
export function toSubscriptionEnd(until: EndInput | null | undefined): EndPosition | null {
  return until ? toEnd(until) : null;
}

/** The end that the argument asks for; by default what is there now. */
export function toEnd(until: EndInput | null | undefined): EndPosition {
  if (!until || until.latest) return { kind: 'latest' };
  if (until.time) return { kind: 'time', timestampMs: Date.parse(until.time) };
  if (until.offsets) return { kind: 'offsets', offsets: toOffsets(until.offsets) };
  throw badArgument('until', '"latest" can only be true.');
}

/** Checks that a number of records is between 1 and the maximum. */
export function inRange(name: string, value: number, max: number): number {
  if (value < 1 || value > max) throw badArgument(name, `a number from 1 to ${max} is wanted, not ${value}.`);
  return value;
}

function toOffsets(offsets: NonNullable<StartInput['offsets']>): readonly PartitionOffset[] {
  return offsets.map(({ partition, offset }) => ({ partition, offset: BigInt(offset) }));
}

import { createHash } from 'node:crypto';
import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql';
import { SluiceError } from '#errors';
import { epochsOf, type Position } from '#feed';
import type { NewRecord, WriteOutcome } from '#kafka';
import type { Gateway, ServedSource } from './gateway.ts';
import { type Outcomes, ProduceMemory } from './produce-memory.ts';
import { checkOptions, type EventList, type ProduceOptions, toRecords } from './produce-records.ts';
import type { ProduceResult } from './produce-types.ts';
import { badArgument } from './record-types.ts';

const defaultMemory = { windowMs: 600_000, maxEvents: 250_000 };

/** A call of a produce or delete mutation. */
export interface ProduceCall {
  readonly lists: readonly EventList[];
  readonly options: ProduceOptions;
  /** Whether cursors are asked for: they cost a look at the log. */
  readonly wantsCursors: boolean;
  /** Canonical text of the caller's rights, when callers differ: keys of one are not those of another. */
  readonly rights: string | null | undefined;
}

/** Writes what produce and delete mutations are given; one for a gateway, because of what it remembers. */
export class Producer {
  readonly #gateway: Gateway;
  readonly #memory: ProduceMemory;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#memory = new ProduceMemory({ ...(gateway.idempotency ?? defaultMemory), now: gateway.now });
  }

  /** One result a list. Everything is checked before anything is written. */
  async produce(call: ProduceCall): Promise<readonly ProduceResult[]> {
    const { lists, options } = call;
    checkOptions(options);
    const { transactions } = this.#gateway;
    if (options.atomic && !transactions) throw badArgument('options.atomic', 'this gateway has no Kafka to do it.');
    const now = this.#gateway.now();
    const records = lists.map((list) => toRecords(list, options, now));
    // Asked for before anything is written: whatever is in the log by then is not ours.
    const placesOf = call.wantsCursors ? await Promise.all(lists.map(({ served }) => this.#places(served))) : [];
    const outcomes = await this.#writeOnce(call, records);
    return lists.map(({ served }, list) => toResult(served, outcomes[list] ?? [], placesOf[list]));
  }

  async #places({ feed }: ServedSource): Promise<Places> {
    const { feeds, cursors } = this.#gateway;
    const [bounds, scope] = await Promise.all([feeds.bounds(feed), feeds.scope(feed)]);
    const ends = new Map([...bounds].map(([partition, { end }]) => [partition, end]));
    const epochs = epochsOf(bounds);
    return { ends, encode: (position) => cursors.encode(scope, position, epochs) };
  }

  async #writeOnce(call: ProduceCall, records: readonly NewRecord[][]): Promise<Outcomes> {
    const { lists, options, rights } = call;
    const { idempotencyKey } = options;
    const timeoutMs = options.timeoutMs ?? this.#gateway.produceTimeoutMs;
    if (!idempotencyKey) return await this.#write(lists, records, { atomic: options.atomic === true, timeoutMs });
    const places = lists.map(({ kind, served, path }) => [kind, served.source.plural, path]);
    const keyed = {
      key: JSON.stringify([rights ?? '', idempotencyKey]),
      fingerprint: fingerprintOf([places, lists.map(({ events }) => events), { ...options, timeoutMs: null }]),
      events: records.reduce((sum, list) => sum + list.length, 0),
      timeoutMs,
    };
    return await this.#memory.run(keyed, async (before) => {
      const open = records.map((list, at) => list.filter((_, index) => before?.[at]?.[index]?.outcome !== 'ACKED'));
      const written = await this.#write(lists, open, { atomic: options.atomic === true, timeoutMs });
      return before ? merge(before, written) : written;
    });
  }

  /** One outcome a record. Rejects only when nothing was written. */
  async #write(
    lists: readonly EventList[],
    records: readonly NewRecord[][],
    { atomic, timeoutMs: deadlineMs }: { readonly atomic: boolean; readonly timeoutMs: number },
  ): Promise<Outcomes> {
    const { writer, transactions } = this.#gateway;
    const topics = lists.map(({ served }, list) => ({ topic: served.source.topic, records: records[list] ?? [] }));
    if (atomic && transactions) return await transactions.write(topics, { deadlineMs });
    const [only, ...others] = topics;
    if (only && others.length === 0) return [await writer.write(only.topic, only.records, { deadlineMs })];
    return await Promise.all(
      topics.map(async (list) => {
        try {
          return await writer.write(list.topic, list.records, { deadlineMs });
        } catch (error) {
          // Nothing of this list was taken; others may have been.
          if (!(error instanceof SluiceError)) throw error;
          return list.records.map((): WriteOutcome => ({ outcome: 'NOT_WRITTEN', partition: null, error }));
        }
      }),
    );
  }
}

/** Where a topic ended before anything was written, and how a place in it becomes a cursor. */
interface Places {
  readonly ends: Position;
  readonly encode: (position: Position) => string;
}

/** Takes the place of what was open before, in order. */
function merge(before: Outcomes, written: Outcomes): Outcomes {
  return before.map((list, at) => {
    const fresh = (written[at] ?? []).values();
    return list.map((outcome) => (outcome.outcome === 'ACKED' ? outcome : (fresh.next().value ?? outcome)));
  });
}

function fingerprintOf(value: unknown): string {
  const text = JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? `${part}` : part));
  return createHash('sha256').update(text).digest('base64');
}

function toResult({ source }: ServedSource, outcomes: readonly WriteOutcome[], places?: Places): ProduceResult {
  const before = places ? positionBefore(outcomes, places.ends) : new Map<number, bigint>();
  const encode = (position: Position) => places?.encode(position) ?? '';
  return {
    records: outcomes.map((result) => ({
      topic: source.topic,
      result,
      cursor: () => encode(positionPast(before, result)),
    })),
    before: () => encode(before),
  };
}

/** Before the first acknowledged record in each partition that got one; at the end that was in the others. */
function positionBefore(outcomes: readonly WriteOutcome[], ends: Position): Position {
  const first = new Map<number, bigint>();
  for (const result of outcomes) {
    if (result.outcome !== 'ACKED') continue;
    const known = first.get(result.partition);
    if (known === undefined || result.offset < known) first.set(result.partition, result.offset);
  }
  return new Map([...ends, ...first]);
}

function positionPast(before: Position, result: WriteOutcome): Position {
  return result.outcome === 'ACKED' ? new Map(before).set(result.partition, result.offset + 1n) : before;
}

/** Whether the operation asks for a cursor, at any depth, also within fragments: it costs a look at the log. */
export function selectsCursor(info: GraphQLResolveInfo): boolean {
  const within = (set: SelectionSetNode | undefined): boolean =>
    (set?.selections ?? []).some((selection) => {
      if (selection.kind === 'FragmentSpread') return within(info.fragments[selection.name.value]?.selectionSet);
      if (selection.kind === 'InlineFragment') return within(selection.selectionSet);
      return selection.name.value === 'before' || selection.name.value === 'cursor' || within(selection.selectionSet);
    });
  return info.fieldNodes.some((node) => within(node.selectionSet));
}

import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { post } from './client.ts';
import type { History, Seen, Told } from './history.ts';

const outcomes = '{ records { outcome partition offset error { code } } }';

/** What became of an event, and why. */
export type Produced = Told & { readonly error: { readonly code: string } | null };

/** One call that produces `Event`s, or `Promised`; null: an error in place of outcomes, which says that nothing was written. */
export async function produce(
  url: string,
  field: string,
  call: { readonly events: readonly object[]; readonly options?: object },
): Promise<readonly Produced[] | null> {
  const type = field === 'producePromised' ? 'Promised' : 'Event';
  const query = `mutation ($events: [${type}Input!]!, $options: ProduceOptions) { ${field}(events: $events, options: $options) ${outcomes} }`;
  const { data, errors } = await post(url, query, { ...call });
  if (errors) expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(['KAFKA_UNAVAILABLE']);
  return data?.[field].records ?? null;
}

/** Clients whose calls Sluice promises more of than of plain ones. */
export class Clients {
  /** Transactions, by what their client was told. */
  readonly transactions = new Map<string, Told['outcome']>();
  readonly promised = new Set<string>();
  /** Promised events of which it was not known once whether they were written. */
  readonly doubtful = new Set<string>();
  readonly #url: string;
  readonly #history: History;
  readonly #signal: AbortSignal;

  constructor(url: string, history: History, signal: AbortSignal) {
    this.#url = url;
    this.#history = history;
    this.#signal = signal;
  }

  /** Transactions of three events each, of keys of their own. */
  async transact(client: string): Promise<void> {
    for (let count = 0; !this.#signal.aborted; count += 1) {
      const name = `${client}.${count}`;
      const events = [0, 1, 2].map((index) => ({ producer: `${name}.${index}`, number: 0 }));
      const records = await produce(this.#url, 'produceEvents', { events, options: { atomic: true } });
      expect(new Set(records?.map(({ outcome }) => outcome)).size).toBeLessThan(2);
      this.transactions.set(name, records?.[0]?.outcome ?? 'NOT_WRITTEN');
      for (const [at, { producer }] of events.entries()) {
        this.#history.tell(producer, 0, records?.[at] ?? { outcome: 'NOT_WRITTEN' });
      }
      await delay(10);
    }
  }

  /** Repeats each call with its key until all of it is acknowledged. */
  async promise(producer: string): Promise<void> {
    for (let next = 0; !this.#signal.aborted; ) {
      const events = [0, 1, 2].map(() => ({ producer, number: next++ }));
      const names = events.map(({ number }) => `${producer} ${number}`);
      const options = { idempotencyKey: `${producer}.${next}` };
      for (let isDone = false; !isDone; await delay(10)) {
        const records = await produce(this.#url, 'producePromised', { events, options });
        for (const [at, name] of names.entries()) if (records?.[at]?.outcome === 'UNKNOWN') this.doubtful.add(name);
        isDone = records?.every(({ outcome }) => outcome === 'ACKED') ?? false;
      }
      for (const name of names) this.promised.add(name);
    }
  }

  /** Of each transaction all is in the log or nothing, as its client was told, and each promise is kept. */
  expectKept(events: readonly Seen[], promised: readonly (Seen & { readonly promise: string })[]): void {
    const parts = Map.groupBy(events, ({ producer }) => producer.slice(0, producer.lastIndexOf('.')));
    const allowed = { ACKED: [3], NOT_WRITTEN: [0], UNKNOWN: [0, 3] };
    const counts = [...this.transactions].map(([name, told]) => ({ name, told, count: parts.get(name)?.length ?? 0 }));
    expect(counts.filter(({ told, count }) => !allowed[told].includes(count))).toEqual([]);
    const found = Map.groupBy(promised, ({ promise }) => promise);
    const names = [...found.values()].map(([first]) => `${first?.producer} ${first?.number}`);
    expect(names.toSorted()).toEqual([...this.promised].toSorted());
    const doubled = names.filter((_, at) => ([...found.values()][at]?.length ?? 0) > 1);
    expect(doubled.filter((name) => !this.doubtful.has(name))).toEqual([]);
  }
}

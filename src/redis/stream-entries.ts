import type { Bounds, LogRecord } from '#feed';
import type { Connection } from './connection.ts';
import type { EntryFields } from './entry-fields.ts';
import { toEntryId, toOffset, toTimeMs } from './entry-id.ts';
import { type Entry, toEntries, toFact } from './replies.ts';

/** How many entries the first read of a stream asks for; later ones as many as the sizes met so far allow. */
const firstCount = 32;
const maxCount = 1_000;

/** The commands that read one Redis Stream, in the terms of the feed. */
export class StreamEntries {
  readonly key: string;
  readonly #connection: Connection;
  readonly #fields: EntryFields;
  readonly #readBytes: number;
  #count = firstCount;

  constructor(
    key: string,
    parts: { readonly connection: Connection; readonly fields: EntryFields; readonly readBytes: number },
  ) {
    this.key = key;
    this.#connection = parts.connection;
    this.#fields = parts.fields;
    this.#readBytes = parts.readBytes;
  }

  /** How many entries to ask for so that they have about as many bytes as a read may bring. */
  get count(): number {
    return this.#count;
  }

  /** Its bounds now; a stream that is not there is an empty one that nothing was ever written to. */
  async bounds(): Promise<Bounds> {
    const [info, first] = await Promise.all([this.#info(), this.#range('-', '+', 1)]);
    return toBounds(info, first);
  }

  /** The entries from an offset on, as many as one read brings, and the bounds as of before and after it. */
  async from(
    offset: bigint,
  ): Promise<{ readonly entries: readonly Entry[]; readonly bounds: Bounds; readonly isAll: boolean }> {
    const count = this.#count;
    // In this order: the end must not be later than what was read, and what was trimmed meanwhile must be noticed.
    const info = this.#info();
    const read = this.#range(toEntryId(offset), '+', count);
    const first = this.#range('-', '+', 1);
    const [facts, entries, oldest] = await Promise.all([info, read, first]);
    this.measure(entries);
    return { entries, bounds: toBounds(facts, oldest), isAll: entries.length < count };
  }

  /** The offset of the first entry at or after another; null when there is none. */
  async firstFrom(offset: bigint): Promise<bigint | null> {
    const [entry] = await this.#range(toEntryId(offset), '+', 1);
    return entry ? toOffset(entry.id) : null;
  }

  /** The offset of the entry before which so many are left; null when there is none. */
  async last(count: number): Promise<bigint | null> {
    const reply = await this.#command('XREVRANGE', '+', '-', 'COUNT', String(count));
    const oldest = toEntries(reply).at(-1);
    return oldest ? toOffset(oldest.id) : null;
  }

  /** Whether an entry at or before the offset is still there: then nothing after it was trimmed. */
  async reaches(offset: bigint): Promise<boolean> {
    const reply = await this.#command('XREVRANGE', toEntryId(offset), '-', 'COUNT', '1');
    return toEntries(reply).length > 0;
  }

  /** The entries as records; those of a Redis Stream have neither key nor headers. */
  toRecords(entries: readonly Entry[]): LogRecord[] {
    return entries.map((entry) => {
      const offset = toOffset(entry.id);
      const value = this.#fields.toValue(entry);
      return { partition: 0, offset, timestampMs: toTimeMs(offset), key: null, value, headers: [] };
    });
  }

  /** Learns from what a read brought how many entries the next one may ask for. */
  measure(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    let bytes = 0;
    for (const { fields } of entries) for (const [name, value] of fields) bytes += name.length + value.length + 64;
    const fitting = Math.floor((this.#readBytes * entries.length) / Math.max(1, bytes));
    this.#count = Math.max(1, Math.min(maxCount, fitting, this.#count * 4));
  }

  async #info(): Promise<unknown> {
    try {
      return await this.#command('XINFO');
    } catch (error) {
      if (error instanceof Error && error.message.includes('no such key')) return null;
      throw error;
    }
  }

  async #range(from: string, to: string, count: number): Promise<readonly Entry[]> {
    return toEntries(await this.#command('XRANGE', from, to, 'COUNT', String(count)));
  }

  #command(name: string, ...args: string[]): Promise<unknown> {
    const command = name === 'XINFO' ? ['XINFO', 'STREAM', this.key] : [name, this.key, ...args];
    return this.#connection.command(`${name} of "${this.key}"`, command);
  }
}

function toBounds(info: unknown, [first]: readonly Entry[]): Bounds {
  const last = toFact(info, 'last-generated-id');
  const end = last === null || last === '0-0' ? 0n : toOffset(last) + 1n;
  const start = first ? toOffset(first.id) : end;
  // An entry that came between the two questions.
  return { start, end: end > start ? end : start, epoch: -1, records: BigInt(toFact(info, 'length') ?? 0) };
}

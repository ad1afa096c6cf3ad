import { SluiceError } from '#errors';
import type { TableState } from './dispatcher.ts';
import { startsOf } from './position.ts';
import { Reader, type ReaderParts } from './reader.ts';
import { type FeedRecord, toLasting } from './record.ts';
import { type TableLimits, TableRows } from './table-rows.ts';

/** How much of the topic is taken at a time. */
const readAtOnce = { records: 10_000, bytes: 4 * 1024 * 1024 };

/**
 * The present rows of a topic that is a table, shared by all who ask for them. They are read from the topic's beginning
 * when somebody first does, up to where its live end stands, and from then on kept by the dispatcher.
 */
export class TableReplica implements TableState {
  readonly #parts: ReaderParts;
  readonly #limits: TableLimits;
  #rows: TableRows | null = null;
  #building: Promise<TableRows> | null = null;
  #abort = new AbortController();
  #failure: SluiceError | null = null;

  constructor(parts: ReaderParts, limits: TableLimits) {
    this.#parts = parts;
    this.#limits = limits;
  }

  /** The rows as they stand where the dispatcher stands; null while nobody has asked, or they are still being read. */
  get ready(): TableRows | null {
    return this.#rows;
  }

  /** Resolves with the rows as soon as they are there. Rejects with TABLE_TOO_LARGE, or with what ended the feed. */
  rows(): Promise<TableRows> {
    if (this.#rows) return Promise.resolve(this.#rows);
    // Who asks again is not read for again: until it is dropped it stays too large.
    if (this.#failure) return Promise.reject(this.#failure);
    this.#building ??= this.#build(this.#abort.signal).finally(() => {
      this.#building = null;
    });
    return this.#building;
  }

  apply(record: FeedRecord): FeedRecord | null | undefined {
    const previous = this.#rows?.apply(record) ?? null;
    try {
      this.#rows?.check(this.#parts.topic);
    } catch (error) {
      this.#forget();
      if (!(error instanceof SluiceError)) throw error;
      this.#failure = error;
    }
    return previous;
  }

  /** The log has a gap: what its rows are now must be read anew. */
  invalidate(): void {
    this.#forget();
  }

  /** Forgets everything, until somebody asks again. */
  drop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#building = null;
    this.#failure = null;
    this.#forget();
  }

  #forget(): void {
    this.#parts.feed.dispatcher.keep(null);
    this.#rows?.drop();
    this.#rows = null;
  }

  async #build(signal: AbortSignal): Promise<TableRows> {
    for (;;) {
      const rows = new TableRows(this.#limits);
      try {
        if (await this.#fill(rows, signal)) return rows;
      } catch (error) {
        if (error instanceof SluiceError && error.code === 'TABLE_TOO_LARGE' && !signal.aborted) this.#failure = error;
        rows.drop();
        throw error;
      }
      rows.drop();
    }
  }

  /** False when it must begin anew: the log was truncated while it was read. */
  async #fill(rows: TableRows, signal: AbortSignal): Promise<boolean> {
    const { feed, log, topic } = this.#parts;
    const { dispatcher } = feed;
    const { gaps } = dispatcher;
    const reader = new Reader(this.#parts, { position: startsOf(await log.bounds(topic)), epochs: new Map() });
    for (;;) {
      if (feed.failure) throw feed.failure;
      if (signal.aborted) throw new SluiceError('SHUTTING_DOWN', `The table "${topic}" is not read any longer.`);
      if (dispatcher.gaps !== gaps) return false;
      // Nothing comes between the look and the joining: both are in one turn.
      if (reader.isAtEnd && dispatcher.isAt(reader.place.position)) {
        this.#rows = rows;
        dispatcher.keep(this);
        return true;
      }
      if (reader.isAtEnd) {
        await feed.changed.wait(signal);
        continue;
      }
      const taken = await reader.take(readAtOnce, signal);
      if (taken.gaps.some(({ reason }) => reason === 'TRUNCATED')) return false;
      for (const record of taken.records) rows.apply(toLasting(record));
      rows.check(topic);
    }
  }
}

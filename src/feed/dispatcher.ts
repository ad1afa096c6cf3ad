import type { Field } from '#model';
import type { Where } from './filter.ts';
import { FilterIndex } from './filter-index.ts';
import type { Bounds, LogBatch, LogGap, Position } from './log.ts';
import { endsOf, epochsOf, lagOf } from './position.ts';
import type { FeedRecord } from './record.ts';
import { type RecordSelect, toDeletion } from './table-select.ts';

/** Somebody at the live end of a topic. */
export interface Listener {
  /** A record that concerns it. The dispatcher stands just past it. */
  take(record: FeedRecord): void;
  /** What it gets of a record of a table whose rows are not known; null: all. */
  readonly select: RecordSelect | null;
  /** A gap follows: what came before it is to be told as of where the dispatcher stands now. */
  settle(): void;
  /** Records are missing before what comes next. */
  miss(gap: LogGap): void;
}

/** The present rows of a table, as of where the dispatcher stands. */
export interface TableState {
  /** Takes the next record and returns the row that it replaces, null when there was none; undefined: it changes nothing. */
  apply(record: FeedRecord): FeedRecord | null | undefined;
  /** The log has a gap: the rows are not known any more. */
  invalidate(): void;
}

/** Gives each record at the live end of a topic to those whom it concerns: its cost is the matches, not the listeners. */
export class Dispatcher {
  readonly #fields: readonly Field[];
  readonly #isTable: boolean;
  readonly #index = new FilterIndex<Listener>();
  readonly #listeners = new Set<Listener>();
  readonly #heads: Map<number, bigint>;
  readonly #bounds: Map<number, Bounds>;
  #position: Position | null = null;
  #epochs: ReadonlyMap<number, number> | null = null;
  #rows: TableState | null = null;
  #gaps = 0;
  #lastGap: LogGap | null = null;

  /** Stands at the ends of the partitions. */
  constructor(fields: readonly Field[], bounds: ReadonlyMap<number, Bounds>, isTable = false) {
    this.#fields = fields;
    this.#isTable = isTable;
    this.#bounds = new Map(bounds);
    this.#heads = new Map(endsOf(bounds));
  }

  /** Where all listeners stand: everything before it was given to them. Never changes once it is handed out. */
  get position(): Position {
    this.#position ??= new Map(this.#heads);
    return this.#position;
  }

  /** The partitions' leader epochs as known last. */
  get epochs(): ReadonlyMap<number, number> {
    this.#epochs ??= epochsOf(this.#bounds);
    return this.#epochs;
  }

  /** The position, with its epochs. */
  get place(): { readonly position: Position; readonly epochs: ReadonlyMap<number, number> } {
    return { position: this.position, epochs: this.epochs };
  }

  /** How many gaps there were at the live end. */
  get gaps(): number {
    return this.#gaps;
  }

  /** The last of them. */
  get lastGap(): LogGap | null {
    return this.#lastGap;
  }

  /** Lets a table's rows follow; they must stand where the dispatcher stands. Null: they follow no longer. */
  keep(rows: TableState | null): void {
    this.#rows = rows;
  }

  /** How many offsets lie between the position and the partitions' ends as known last. */
  lag(position: Position): bigint {
    return lagOf(position, this.#bounds);
  }

  /** True when the position is exactly where the listeners stand. */
  isAt(position: Position): boolean {
    for (const [partition, head] of this.#heads) if ((position.get(partition) ?? 0n) !== head) return false;
    return true;
  }

  attach(listener: Listener, where: Where | null): void {
    this.#listeners.add(listener);
    this.#index.add(this.#fields, where, listener);
  }

  detach(listener: Listener): void {
    if (this.#listeners.delete(listener)) this.#index.remove(listener);
  }

  /** Gives out what a fetch brought; the records are the batch's, decoded. */
  dispatch(batch: LogBatch, records: readonly FeedRecord[]): void {
    const { partition, gap, bounds } = batch;
    // As of the epochs under which it came.
    if (gap) for (const listener of this.#listeners) listener.settle();
    if (this.#bounds.get(partition)?.epoch !== bounds.epoch) this.#epochs = null;
    this.#bounds.set(partition, bounds);
    if (gap) {
      this.#moveTo(partition, gap.to);
      this.#gaps += 1;
      this.#lastGap = gap;
      this.#rows?.invalidate();
      for (const listener of this.#listeners) listener.miss(gap);
    }
    for (const record of records) {
      if (record.offset < (this.#heads.get(partition) ?? 0n)) continue;
      this.#moveTo(partition, record.offset + 1n);
      if (this.#isTable) this.#giveChange(record);
      else this.#index.match(record, takeIt(record));
    }
    if (batch.next > (this.#heads.get(partition) ?? -1n)) this.#moveTo(partition, batch.next);
  }

  /** A change of a table concerns those whom its new row concerns, and those whom the row did that it replaces. */
  #giveChange(record: FeedRecord): void {
    if (!this.#rows) {
      for (const listener of this.#listeners) {
        const selected = listener.select ? listener.select(record) : record;
        if (selected) listener.take(selected);
      }
      return;
    }
    const previous = this.#rows.apply(record);
    if (previous === undefined) return;
    if (!previous) {
      this.#index.match(record, takeIt(record));
      return;
    }
    const given = new Set<Listener>();
    this.#index.match(record, (listener) => {
      given.add(listener);
      listener.take(record);
    });
    const deletion = toDeletion(record);
    this.#index.match(previous, (listener) => {
      if (!given.has(listener)) listener.take(deletion);
    });
  }

  #moveTo(partition: number, offset: bigint): void {
    this.#heads.set(partition, offset);
    this.#position = null;
  }
}

function takeIt(record: FeedRecord): (listener: Listener) => void {
  return (listener) => listener.take(record);
}

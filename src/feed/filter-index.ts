import type { Field } from '#model';
import { compileFilter } from './filter.ts';
import { type FilterPath, planFilter } from './filter-plan.ts';
import { canonicalWhere } from './filter-text.ts';
import type { ValueKey } from './filter-values.ts';
import type { Where } from './filter-where.ts';
import type { RecordFilter } from './page.ts';
import type { FeedRecord } from './record.ts';

/** All targets with the same filter, which is evaluated once for them. */
interface Entry<T> {
  readonly id: string;
  /** One as a rule, and then it is to be found with few steps: an array. */
  readonly targets: T[];
  /** Null where being found is enough. */
  readonly test: RecordFilter | null;
  /** Null for a filter that must be evaluated for every record. */
  readonly anchors: readonly Anchor<T>[] | null;
  /** The last round of matching in which it was found, so that two anchors do not find it twice. */
  round: number;
}

/** The filters that ask for values of one path, under these values. */
interface PathEntries<T> {
  readonly id: string;
  readonly path: FilterPath;
  readonly byKey: Map<ValueKey, Entry<T>[]>;
}

interface Anchor<T> {
  readonly at: PathEntries<T>;
  readonly key: ValueKey;
}

/**
 * Finds the targets whose filter a record fits, at the cost of those that it can fit: filters that ask for equality
 * (`eq`, `in`, also under `and` and in all members of `or`) lie under the values they ask for; only the others are
 * evaluated for every record, once for each distinct filter.
 */
export class FilterIndex<T> {
  readonly #entryOf = new Map<T, Entry<T>>();
  readonly #entries = new Map<string, Entry<T>>();
  readonly #paths = new Map<string, PathEntries<T>>();
  readonly #evaluated: Entry<T>[] = [];
  readonly #fieldIds = new WeakMap<readonly Field[], number>();
  #nextFieldId = 0;
  #round = 0;

  /** How many targets there are. */
  get size(): number {
    return this.#entryOf.size;
  }

  /** What the index holds: distinct filters, those that every record is tested for, paths, and values looked up there. */
  get held(): Readonly<Record<'filters' | 'evaluated' | 'paths' | 'values', number>> {
    let values = 0;
    for (const { byKey } of this.#paths.values()) values += byKey.size;
    return { filters: this.#entries.size, evaluated: this.#evaluated.length, paths: this.#paths.size, values };
  }

  /**
   * Adds a target, or gives it another filter; null lets every record through. Throws BAD_INPUT for a filter that is too
   * large, and then changes nothing.
   */
  add(fields: readonly Field[], where: Where | null, target: T): void {
    const scope = this.#scopeOf(fields);
    const id = where ? `${scope} ${canonicalWhere(where)}` : '';
    const entry = this.#entries.get(id) ?? this.#addEntry(id, scope, fields, where);
    if (this.#entryOf.get(target) === entry) return;
    this.remove(target);
    entry.targets.push(target);
    this.#entryOf.set(target, entry);
  }

  /** Removes a target and all that only it needed. */
  remove(target: T): void {
    const entry = this.#entryOf.get(target);
    if (!entry) return;
    this.#entryOf.delete(target);
    takeOut(entry.targets, target);
    if (entry.targets.length > 0) return;
    this.#entries.delete(entry.id);
    if (!entry.anchors) takeOut(this.#evaluated, entry);
    for (const anchor of entry.anchors ?? []) this.#dropAnchor(anchor, entry);
  }

  /**
   * Calls visit once for each target whose filter the record fits, in no order. While it runs, visit may remove targets,
   * but neither add nor match.
   */
  match(record: FeedRecord, visit: (target: T) => void): void {
    this.#round++;
    for (const { path, byKey } of this.#paths.values()) {
      const keys = path.keysOf(record);
      if (keys === undefined) continue;
      if (typeof keys !== 'object') this.#visitAll(byKey.get(keys), record, visit);
      else for (const key of keys) this.#visitAll(byKey.get(key), record, visit);
    }
    this.#visitAll(this.#evaluated, record, visit);
  }

  /** From the end, so that one that is removed on the way leaves nobody out. */
  #visitAll(entries: readonly Entry<T>[] | undefined, record: FeedRecord, visit: (target: T) => void): void {
    if (!entries) return;
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at];
      if (!entry || entry.round === this.#round) continue;
      entry.round = this.#round;
      if (entry.test && !entry.test(record)) continue;
      const { targets } = entry;
      for (let of = targets.length - 1; of >= 0; of--) {
        const target = targets[of];
        if (target !== undefined) visit(target);
      }
    }
  }

  #addEntry(id: string, scope: string, fields: readonly Field[], where: Where | null): Entry<T> {
    const plan = where && planFilter(fields, where);
    const anchors = plan?.anchors.map(({ path, key }) => ({ at: this.#pathOf(scope, path), key })) ?? null;
    const test = where && !plan?.isExact ? compileFilter(fields, where) : null;
    const entry: Entry<T> = { id, targets: [], test, anchors, round: 0 };
    this.#entries.set(id, entry);
    if (!anchors) this.#evaluated.push(entry);
    for (const { at, key } of anchors ?? []) {
      const entries = at.byKey.get(key);
      if (entries) entries.push(entry);
      else at.byKey.set(key, [entry]);
    }
    return entry;
  }

  #pathOf(scope: string, path: FilterPath): PathEntries<T> {
    const id = `${scope} ${path.id}`;
    const known = this.#paths.get(id) ?? { id, path, byKey: new Map() };
    this.#paths.set(id, known);
    return known;
  }

  #dropAnchor({ at, key }: Anchor<T>, entry: Entry<T>): void {
    const entries = at.byKey.get(key);
    if (entries) takeOut(entries, entry);
    if (entries?.length === 0) at.byKey.delete(key);
    if (at.byKey.size === 0) this.#paths.delete(at.id);
  }

  /** Filters of the same words say different things of different fields. */
  #scopeOf(fields: readonly Field[]): string {
    const id = this.#fieldIds.get(fields) ?? this.#nextFieldId++;
    this.#fieldIds.set(fields, id);
    return String(id);
  }
}

/** Removes it, wherever it stands; another one takes its place. */
function takeOut<I>(items: I[], item: I): void {
  const at = items.indexOf(item);
  if (at < 0) return;
  const last = items.pop();
  if (last !== undefined && at < items.length) items[at] = last;
}

import type { Field } from '#model';
import { compileFilter, type Where } from './filter.ts';
import { dependsOnlyOn } from './filter-text.ts';
import type { FeedRecord } from './record.ts';
import type { TableShape } from './source.ts';

/** What a subscriber gets of a record, apart from the records before it; null: nothing. */
export type RecordSelect = (record: FeedRecord) => FeedRecord | null;

/** The records that are left of these; without a select all of them. */
export function selectFrom(records: readonly FeedRecord[], select: RecordSelect | null): readonly FeedRecord[] {
  if (!select) return records;
  const selected: FeedRecord[] = [];
  for (const record of records) {
    const taken = select(record);
    if (taken) selected.push(taken);
  }
  return selected;
}

/** A change after which a row is gone from those that a subscriber wants. */
export function toDeletion(record: FeedRecord): FeedRecord {
  return record.operation === 'DELETE' ? record : { ...record, operation: 'DELETE', node: null };
}

/** Of a stream: the records that fit; null: all of them. */
export function selectOfStream(fields: readonly Field[], where: Where | null): RecordSelect | null {
  if (!where) return null;
  const fits = compileFilter(fields, where);
  return (record) => (fits(record) ? record : null);
}

/**
 * Of a table, where it is not known which row a change replaces: what does not fit (a tombstone never does) may end a
 * row that did, and is given as a deletion, unless the filter looks at the key alone, which cannot change. Stale
 * records are those that {@link TableRows.isStale} knows.
 */
export function selectOfTable(
  fields: readonly Field[],
  where: Where | null,
  { shape, isStale }: { readonly shape: TableShape; readonly isStale: (record: FeedRecord) => boolean },
): RecordSelect {
  if (!where) return (record) => (isStale(record) ? null : record);
  const fits = compileFilter(fields, where);
  const isOfKey = dependsOnlyOn(where, new Set(shape.key.map(({ name }) => name)));
  return (record) => {
    if (isStale(record)) return null;
    if (record.operation !== 'DELETE' && fits(record)) return record;
    if (!record.key) return null;
    if (isOfKey) {
      const node = shape.decodeKey(record.key);
      // A key that does not decode says nothing of the row that it had.
      if (node && !fits({ ...record, node })) return null;
    }
    return toDeletion(record);
  };
}

import { SluiceError } from '#errors';
import type { Field, FieldType } from '#model';
import { compareDecimals, parseDecimal } from './filter-decimal.ts';
import type { FeedRecord } from './record.ts';
import type { SortValue } from './table-bookmark.ts';

/** One column that rows are ordered by. */
export interface SortColumn {
  readonly field: string;
  readonly direction: 'ASC' | 'DESC';
}

/** Negative, zero or positive, as the first comes before, with or after the second. */
type Compare = (a: SortValue, b: SortValue) => number;

/** An order of rows, made of columns; rows that agree in all of them are ordered by their key. */
export interface RowOrder {
  /** Canonical; empty for the order by key alone. */
  readonly text: string;
  /** The values of a row that decide. */
  valuesOf(record: FeedRecord): readonly SortValue[];
  compare(a: SortedRow, b: SortedRow): number;
}

/** What an order looks at. */
export interface SortedRow {
  readonly values: readonly SortValue[];
  readonly key: string;
}

/** Most columns in one order. */
const maxSortColumns = 10;

/** Whether rows can be ordered by values of this type. */
export function isSortable(type: FieldType): boolean {
  return type.kind === 'enum' || (type.kind === 'scalar' && type.name !== 'JSON' && type.name !== 'Bytes');
}

/**
 * The order that the columns ask for, the first one first. An absent value is greater than every other, as in
 * PostgreSQL; the values of an enum stand as they are declared; text is compared by code units.
 */
export function createOrder(fields: readonly Field[], columns: readonly SortColumn[]): RowOrder {
  if (columns.length > maxSortColumns) throw refuse(`at most ${maxSortColumns} columns are allowed.`);
  const compares = columns.map(({ field, direction }) => {
    const found = fields.find(({ name }) => name === field);
    if (!found || !isSortable(found.type)) throw refuse(`rows cannot be ordered by "${field}".`);
    return { field, compare: withAbsent(compareOf(found.type), direction === 'DESC' ? -1 : 1) };
  });
  return {
    text: columns.map(({ field, direction }) => `${field} ${direction}`).join(),
    valuesOf: ({ node }) => compares.map(({ field }) => toSortValue(node?.[field])),
    compare(a, b) {
      for (const [index, { compare }] of compares.entries()) {
        const order = compare(a.values[index] ?? null, b.values[index] ?? null);
        if (order !== 0) return order;
      }
      return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    },
  };
}

function refuse(why: string): SluiceError {
  return new SluiceError('BAD_INPUT', `Argument "orderBy": ${why}`, { details: { argument: 'orderBy' } });
}

function toSortValue(value: unknown): SortValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    default:
      return null;
  }
}

function withAbsent(compare: Compare, sign: 1 | -1): Compare {
  return (a, b) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? sign : -sign;
    return sign * compare(a, b);
  };
}

function compareOf(type: FieldType): Compare {
  if (type.kind === 'enum') {
    const places = new Map<SortValue, number>(type.type.values.map(({ name }, place) => [name, place]));
    return (a, b) => (places.get(a) ?? -1) - (places.get(b) ?? -1);
  }
  return type.kind === 'scalar' && type.name === 'Decimal' ? compareDecimalTexts : comparePlain;
}

const comparePlain: Compare = (a, b) => (a === null || b === null || a === b ? 0 : a < b ? -1 : a > b ? 1 : 0);

const compareDecimalTexts: Compare = (a, b) => {
  const [left, right] = [parseDecimal(String(a)), parseDecimal(String(b))];
  return left && right ? compareDecimals(left, right) : comparePlain(a, b);
};

import { checkFilterSize } from './filter-limits.ts';
import { conditionsOf, isWhere, partsOf, type Where } from './filter-where.ts';

/**
 * The text of a filter, the same for filters that say the same in another order of their members. Numbers and bigints
 * of one value have one text. Throws BAD_INPUT for a filter that is too large.
 */
export function canonicalWhere(where: Where): string {
  checkFilterSize(where);
  return toText(where);
}

function toText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toText).join()}]`;
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  if (!isWhere(value)) return JSON.stringify(value) ?? 'null';
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${names
    .sort()
    .map((name) => `${JSON.stringify(name)}:${toText(value[name])}`)
    .join()}}`;
}

/**
 * Whether a filter looks at nothing but these fields, so that records that agree in them all fit or all do not.
 * A condition on the record itself is none of a field. Throws BAD_INPUT for a filter that is too large.
 */
export function dependsOnlyOn(where: Where, fieldNames: ReadonlySet<string>): boolean {
  checkFilterSize(where);
  return looksOnlyAt(where, fieldNames);
}

function looksOnlyAt(where: Where, fieldNames: ReadonlySet<string>): boolean {
  return conditionsOf(where).every(([name, condition]) => {
    if (name === 'and' || name === 'or' || name === 'not') {
      return partsOf(condition).every((part) => looksOnlyAt(part, fieldNames));
    }
    return fieldNames.has(name);
  });
}

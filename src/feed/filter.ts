import type { Field, FieldType } from '#model';
import {
  allOf,
  always,
  anyOf,
  compileComparison,
  compileIsNull,
  compileTextBytes,
  type Test,
} from './filter-compare.ts';
import { checkFilterSize } from './filter-limits.ts';
import { kindOf, partition } from './filter-values.ts';
import { conditionsOf, isWhere, partsOf, type Where } from './filter-where.ts';
import type { RecordFilter } from './page.ts';

export type { Where } from './filter-where.ts';

/**
 * Compiles a `where` to a test of records. Conditions of one object are joined by AND. A comparison with a value that
 * is absent is false, as in SQL; `isNull` asks for absence. A record that does not decode has no fields at all.
 * Throws BAD_INPUT for one that is too large.
 */
export function compileFilter(fields: readonly Field[], where: Where): RecordFilter {
  checkFilterSize(where);
  const test = compileObject(fields, where);
  return (record) => test(record.node, record);
}

/** Tests of an object with these fields, which is the value; absent as a whole, all its fields are absent. */
function compileObject(fields: readonly Field[], where: Where): Test {
  return allOf(conditionsOf(where).map(([name, condition]) => compileCondition(fields, name, condition)));
}

function compileCondition(fields: readonly Field[], name: string, condition: unknown): Test {
  switch (name) {
    case 'and':
      return allOf(partsOf(condition).map((part) => compileObject(fields, part)));
    case 'or':
      return anyOf(partsOf(condition).map((part) => compileObject(fields, part)));
    case 'not': {
      const test = isWhere(condition) ? compileObject(fields, condition) : always;
      return (value, record) => !test(value, record);
    }
    case 'record':
      return isWhere(condition) ? compileRecord(condition) : always;
    default: {
      const field = fields.find((candidate) => candidate.name === name);
      if (!field) return () => false;
      const test = isWhere(condition) ? compileValue(field.type, condition) : always;
      return test === always ? always : (value, record) => test(isWhere(value) ? value[name] : null, record);
    }
  }
}

/** Conditions on where a record lies rather than on what it says. */
function compileRecord(where: Where): Test {
  const tests: Test[] = [];
  if (isWhere(where.partition)) {
    const test = compileComparison(partition, where.partition);
    tests.push((_value, record) => test(record.partition, record));
  }
  if (isWhere(where.key)) {
    const test = compileTextBytes(where.key);
    if (test !== always) tests.push((_value, record) => test(record.key, record));
  }
  if (isWhere(where.header)) {
    const { name, ...comparison } = where.header;
    const test = compileTextBytes(comparison);
    tests.push((_value, record) => {
      for (const header of record.headers) {
        if (header.name === name && test(header.value, record)) return true;
      }
      return false;
    });
  }
  return allOf(tests);
}

function compileValue(type: FieldType, where: Where): Test {
  const kind = kindOf(type);
  if (kind) return compileComparison(kind, where);
  const { isNull, ...conditions } = where;
  if (type.kind === 'object') return allOf([compileIsNull(isNull), compileNested(type.type.fields, conditions)]);
  if (type.kind === 'list') return allOf([compileIsNull(isNull), compileItems(type.of, conditions)]);
  return compileIsNull(isNull);
}

/** A nested object that is absent fits no condition on its fields, not even a negated one. */
function compileNested(fields: readonly Field[], where: Where): Test {
  const test = compileObject(fields, where);
  return test === always ? always : (value, record) => isWhere(value) && test(value, record);
}

function compileItems(type: FieldType, { any, all }: Where): Test {
  const tests: Test[] = [];
  if (isWhere(any)) {
    const test = compileValue(type, any);
    tests.push((value, record) => Array.isArray(value) && value.some((item) => test(item, record)));
  }
  if (isWhere(all)) {
    const test = compileValue(type, all);
    tests.push((value, record) => Array.isArray(value) && value.every((item) => test(item, record)));
  }
  return allOf(tests);
}

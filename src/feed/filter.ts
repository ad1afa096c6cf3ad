import type { Field, FieldType } from '#model';
import type { RecordFilter } from './page.ts';
import type { FeedRecord } from './record.ts';

/** A `where` argument as GraphQL coerced it. */
export type Where = Readonly<Record<string, unknown>>;

type Test = (value: unknown) => boolean;

/**
 * Compiles a `where` to a test of records. Conditions of one object are joined by AND. A comparison with a value that
 * is absent is false, as in SQL; `isNull` asks for absence. A record that does not decode has no fields at all.
 */
export function compileFilter(fields: readonly Field[], where: Where): RecordFilter {
  const testNode = nodeTest(fields, where);
  return (record) => testNode(record, record.node);
}

type NodeTest = (record: FeedRecord, node: unknown) => boolean;

function nodeTest(fields: readonly Field[], where: Where): NodeTest {
  const tests: NodeTest[] = [];
  for (const [name, condition] of Object.entries(where)) {
    if (condition === null || condition === undefined) continue;
    tests.push(conditionTest(fields, name, condition));
  }
  return (record, node) => tests.every((test) => test(record, node));
}

function conditionTest(fields: readonly Field[], name: string, condition: unknown): NodeTest {
  switch (name) {
    case 'and': {
      const parts = asList(condition).map((part) => nodeTest(fields, part));
      return (record, node) => parts.every((test) => test(record, node));
    }
    case 'or': {
      const parts = asList(condition).map((part) => nodeTest(fields, part));
      return (record, node) => parts.some((test) => test(record, node));
    }
    case 'not': {
      const part = nodeTest(fields, asWhere(condition));
      return (record, node) => !part(record, node);
    }
    case 'record':
      return recordTest(asWhere(condition));
    default: {
      const field = fields.find((candidate) => candidate.name === name);
      if (!field) return () => false;
      const test = valueTest(field.type, asWhere(condition));
      return (_record, node) => test(isObject(node) ? node[name] : null);
    }
  }
}

/** Conditions on where a record lies rather than on what it says. */
function recordTest(where: Where): NodeTest {
  const tests: NodeTest[] = [];
  if (isObject(where.partition)) {
    const test = comparisons(where.partition, compareNumbers);
    tests.push((record) => test(record.partition));
  }
  if (isObject(where.key)) {
    const test = comparisons(where.key, compareText);
    tests.push((record) => test(record.key?.toString() ?? null));
  }
  if (isObject(where.header)) {
    const { name, ...conditions } = where.header;
    const test = comparisons(conditions, compareText);
    tests.push((record) =>
      record.headers.some((header) => header.name === name && test(header.value?.toString() ?? null)),
    );
  }
  return (record, node) => tests.every((test) => test(record, node));
}

function valueTest(type: FieldType, where: Where): Test {
  switch (type.kind) {
    case 'object': {
      const { isNull, ...rest } = where;
      const nullTest = isNullTest(isNull);
      const test = nodeTest(type.type.fields, rest);
      const hasConditions = Object.keys(rest).length > 0;
      // A nested object's conditions see the object as their node; only the top level has a record.
      return (value) => nullTest(value) && (!hasConditions || (isObject(value) && test(noRecord, value)));
    }
    case 'list': {
      const nullTest = isNullTest(where.isNull);
      const any = isObject(where.any) ? valueTest(type.of, where.any) : null;
      const all = isObject(where.all) ? valueTest(type.of, where.all) : null;
      return (value) =>
        nullTest(value) &&
        (!any || (Array.isArray(value) && value.some(any))) &&
        (!all || (Array.isArray(value) && value.every(all)));
    }
    case 'enum':
      return comparisons(where, compareText);
    case 'scalar':
      return comparisons(where, comparatorOf(type.name));
  }
}

type Comparator = (left: unknown, right: unknown) => number;

function comparatorOf(scalar: string): Comparator {
  if (scalar === 'Int' || scalar === 'Float' || scalar === 'BigInt' || scalar === 'Boolean') return compareNumbers;
  return scalar === 'Decimal' ? compareDecimals : compareText;
}

function comparisons(where: Where, compare: Comparator): Test {
  const tests: Test[] = [];
  for (const [operator, operand] of Object.entries(where)) {
    if (operand === undefined || (operand === null && operator !== 'eq' && operator !== 'ne')) continue;
    tests.push(comparison(operator, operand, compare));
  }
  return (value) => tests.every((test) => test(value));
}

function comparison(operator: string, operand: unknown, compare: Comparator): Test {
  if (operator === 'isNull') return isNullTest(operand);
  if (operand === null) return isNullTest(operator === 'eq');
  const present =
    (test: Test): Test =>
    (value) =>
      value !== null && value !== undefined && test(value);
  switch (operator) {
    case 'eq':
      return present((value) => compare(value, operand) === 0);
    case 'ne':
      return present((value) => compare(value, operand) !== 0);
    case 'in': {
      const operands: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
      return present((value) => operands.some((one) => one !== null && compare(value, one) === 0));
    }
    case 'gt':
      return present((value) => compare(value, operand) > 0);
    case 'gte':
      return present((value) => compare(value, operand) >= 0);
    case 'lt':
      return present((value) => compare(value, operand) < 0);
    case 'lte':
      return present((value) => compare(value, operand) <= 0);
    case 'startsWith':
      return present((value) => String(value).startsWith(String(operand)));
    case 'contains':
      return present((value) => String(value).includes(String(operand)));
    default:
      return () => false;
  }
}

function isNullTest(wanted: unknown): Test {
  if (typeof wanted !== 'boolean') return () => true;
  return (value) => (value === null || value === undefined) === wanted;
}

/** Numbers and bigints, mixed, and booleans (false before true). */
function compareNumbers(left: unknown, right: unknown): number {
  const a = typeof left === 'bigint' ? left : Number(left);
  const b = typeof right === 'bigint' ? right : Number(right);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Text by code units; the canonical forms of DateTime, Date and Time order like their values. */
function compareText(left: unknown, right: unknown): number {
  const a = String(left);
  const b = String(right);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Exact decimals of any length, as text. */
function compareDecimals(left: unknown, right: unknown): number {
  const [a, aScale] = toScaled(String(left));
  const [b, bScale] = toScaled(String(right));
  const scale = Math.max(aScale, bScale);
  return compareNumbers(a * 10n ** BigInt(scale - aScale), b * 10n ** BigInt(scale - bScale));
}

/** A decimal as an integer and the number of digits behind the point. */
function toScaled(text: string): readonly [bigint, number] {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = BigInt(`${whole}${fraction}` || '0');
  const value = sign === '-' ? -digits : digits;
  const scale = fraction.length - clamp(Number(exponent));
  return scale >= 0 ? [value, scale] : [value * 10n ** BigInt(-scale), 0];
}

function isObject(value: unknown): value is Where {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asWhere(value: unknown): Where {
  return isObject(value) ? value : {};
}

function asList(value: unknown): readonly Where[] {
  return Array.isArray(value) ? value.filter(isObject) : isObject(value) ? [value] : [];
}

const noRecord: FeedRecord = {
  partition: -1,
  offset: -1n,
  timestampMs: 0,
  key: null,
  headers: [],
  operation: 'INSERT',
  node: null,
  fault: null,
  valueBytes: 0,
  weight: 0,
};

/** Keeps a hostile exponent from becoming a number of a million digits; Flink's decimals have 38. */
function clamp(exponent: number): number {
  return Math.max(-maxExponent, Math.min(maxExponent, exponent));
}

const maxExponent = 400;

import { text, type ValueKind, type ValueTest } from './filter-values.ts';
import { operatorsOf, type Where } from './filter-where.ts';
import type { FeedRecord } from './record.ts';

/** A question about a value and the record that it is from. */
export type Test = (value: unknown, record: FeedRecord) => boolean;

/** True for everything; known by identity, so that it can be left out of a conjunction. */
export const always = (): boolean => true;
const never = (): boolean => false;

const isPresent: ValueTest = (value) => value !== null && value !== undefined;
const isAbsent: ValueTest = (value) => value === null || value === undefined;

/** Compiles the operators of one comparison, joined by AND. A comparison with an absent value is false. */
export function compileComparison(kind: ValueKind, where: Where): Test {
  return allOf(operatorsOf(where).map(([operator, operand]) => compileOperator(kind, operator, operand)));
}

/** The same for bytes that are compared as UTF-8 text. */
export function compileTextBytes(where: Where): (bytes: Buffer | null, record: FeedRecord) => boolean {
  const [only, ...others] = operatorsOf(where);
  const wanted = only?.[0] === 'eq' && others.length === 0 ? only[1] : null;
  // Where the text has no replacement character, equal texts are equal bytes, and nothing needs decoding.
  if (typeof wanted === 'string' && wanted.isWellFormed() && !wanted.includes('\ufffd')) {
    const wantedBytes = Buffer.from(wanted);
    return (bytes) => bytes !== null && bytes.length === wantedBytes.length && wantedBytes.equals(bytes);
  }
  const test = compileComparison(text, where);
  return test === always ? always : (bytes, record) => test(bytes === null ? null : bytes.toString(), record);
}

/** A test for absence (true) or presence (false); always true when neither was asked for. */
export function compileIsNull(wanted: unknown): ValueTest {
  return wanted === true ? isAbsent : wanted === false ? isPresent : always;
}

/** True where all tests are. */
export function allOf(tests: readonly Test[]): Test {
  const needed = tests.filter((test) => test !== always);
  const [first, second] = needed;
  if (!first) return always;
  if (!second) return first;
  if (needed.length === 2) return (value, record) => first(value, record) && second(value, record);
  return (value, record) => {
    for (const test of needed) if (!test(value, record)) return false;
    return true;
  };
}

/** True where at least one test is. */
export function anyOf(tests: readonly Test[]): Test {
  if (tests.includes(always)) return always;
  const [first, second] = tests;
  if (!first) return never;
  if (!second) return first;
  return (value, record) => {
    for (const test of tests) if (test(value, record)) return true;
    return false;
  };
}

function compileOperator(kind: ValueKind, operator: string, operand: unknown): ValueTest {
  switch (operator) {
    case 'isNull':
      return compileIsNull(operand);
    case 'eq':
      return operand === null ? isAbsent : compileIn(kind, [operand]);
    case 'ne':
      return operand === null ? isPresent : compileNe(kind, operand);
    case 'in':
      return compileIn(kind, Array.isArray(operand) ? operand : [operand]);
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return kind.ordered(operator, operand);
    case 'startsWith':
      return typeof operand === 'string' ? (value) => typeof value === 'string' && value.startsWith(operand) : never;
    case 'contains':
      return typeof operand === 'string' ? (value) => typeof value === 'string' && value.includes(operand) : never;
    default:
      return never;
  }
}

function compileIn(kind: ValueKind, operands: readonly unknown[]): ValueTest {
  const keys = new Set<unknown>(operands.map(kind.operandKeyOf));
  keys.delete(undefined);
  if (keys.size > 1) return kind.isOwnKey ? (value) => keys.has(value) : (value) => keys.has(kind.keyOf(value));
  const [key] = keys;
  if (key === undefined) return never;
  return kind.isOwnKey ? (value) => value === key : (value) => kind.keyOf(value) === key;
}

function compileNe(kind: ValueKind, operand: unknown): ValueTest {
  const key = kind.operandKeyOf(operand);
  if (key === undefined) return isPresent;
  return (value) => value !== null && value !== undefined && kind.keyOf(value) !== key;
}

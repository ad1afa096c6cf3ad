import type { FieldType } from '#model';
import { compareDecimals, parseDecimal, toPlainDecimal } from './filter-decimal.ts';

/** Values that a `Map` tells apart exactly where the filter does. */
export type ValueKey = string | number | bigint | boolean;

/** A question about one value. Absent values are null or undefined. */
export type ValueTest = (value: unknown) => boolean;

/** The four operators that need an order. */
type OrderOperator = 'gt' | 'gte' | 'lt' | 'lte';

/** How the values of one type, in the form that codecs give, are equal and ordered. */
export interface ValueKind {
  /** Two values are equal exactly when their keys are; undefined for what equals nothing. */
  readonly keyOf: (value: unknown) => ValueKey | undefined;
  /** The same for what a filter is given, which may be in a form that no codec gives. */
  readonly operandKeyOf: (operand: unknown) => ValueKey | undefined;
  /** Whether a record's value and its key are one, so that `===` on values is enough. */
  readonly isOwnKey: boolean;
  readonly ordered: (operator: OrderOperator, operand: unknown) => ValueTest;
  /** About how many records share one value, compared with other kinds: what an index prefers is low. */
  readonly density: number;
}

const never: ValueTest = () => false;

const textKey = (value: unknown) => (typeof value === 'string' ? value : undefined);

function textKind(toOperand: (text: string) => string = (text) => text): ValueKind {
  const operandOf = (operand: unknown) => (typeof operand === 'string' ? toOperand(operand) : undefined);
  return {
    keyOf: textKey,
    operandKeyOf: operandOf,
    isOwnKey: true,
    ordered(operator, operand) {
      const bound = operandOf(operand);
      return bound === undefined ? never : textOrder(operator, bound);
    },
    density: 1,
  };
}

/** By code units; the canonical forms of DateTime, Date and Time order like the moments they name. */
function textOrder(operator: OrderOperator, bound: string): ValueTest {
  switch (operator) {
    case 'gt':
      return (value) => typeof value === 'string' && value > bound;
    case 'gte':
      return (value) => typeof value === 'string' && value >= bound;
    case 'lt':
      return (value) => typeof value === 'string' && value < bound;
    case 'lte':
      return (value) => typeof value === 'string' && value <= bound;
  }
}

/** GraphQL takes `12:30` and `12:30:00.500`; codecs give seconds always, and decimals without zeros at the end. */
function toCanonicalTime(text: string): string {
  if (text.length === 5) return `${text}:00`;
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

const isNumeric = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

function numberOrder(operator: OrderOperator, bound: unknown): ValueTest {
  if (!isNumeric(bound)) return never;
  switch (operator) {
    case 'gt':
      return (value) => isNumeric(value) && value > bound;
    case 'gte':
      return (value) => isNumeric(value) && value >= bound;
    case 'lt':
      return (value) => isNumeric(value) && value < bound;
    case 'lte':
      return (value) => isNumeric(value) && value <= bound;
  }
}

// A Map would find NaN, which equals nothing.
const numberKey = (value: unknown) => (typeof value === 'number' && !Number.isNaN(value) ? value : undefined);

/** A number where it is exact, else a bigint, whichever of the two it came as. */
function integerKey(value: unknown): number | bigint | undefined {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) || !Number.isInteger(value) ? numberKey(value) : BigInt(value);
  }
  if (typeof value !== 'bigint') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const booleanKey = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
const decimalKey = (value: unknown) => (typeof value === 'string' ? toPlainDecimal(value) : undefined);

/** A double tells all decimals of up to 15 digits apart, and orders them (IEEE 754, DBL_DIG). */
const isExactAsNumber = (text: string) => text.length <= 15 && !/e/i.test(text);

function decimalOrder(operator: OrderOperator, operand: unknown): ValueTest {
  const bound = typeof operand === 'string' ? parseDecimal(operand) : null;
  if (!bound) return never;
  const ofNumber = isExactAsNumber(String(operand)) ? numberOrder(operator, Number(operand)) : null;
  const ofSign = numberOrder(operator, 0);
  return (value) => {
    if (typeof value !== 'string') return false;
    if (ofNumber && isExactAsNumber(value)) return ofNumber(Number(value));
    const decimal = parseDecimal(value);
    return decimal !== null && ofSign(compareDecimals(decimal, bound));
  };
}

/** Text as it is: ids, strings, and the keys and headers of records. */
export const text = textKind();
const number: ValueKind = {
  keyOf: numberKey,
  operandKeyOf: numberKey,
  isOwnKey: true,
  ordered: numberOrder,
  density: 1,
};
/** Partitions, which a topic has few of. */
export const partition: ValueKind = { ...number, density: 200 };
const boolean: ValueKind = { ...number, keyOf: booleanKey, operandKeyOf: booleanKey, density: 500 };
const integer: ValueKind = { ...number, keyOf: integerKey, operandKeyOf: integerKey, isOwnKey: false };
const decimal: ValueKind = {
  keyOf: decimalKey,
  operandKeyOf: decimalKey,
  isOwnKey: false,
  ordered: decimalOrder,
  density: 1,
};
const enumeration: ValueKind = { ...text, density: 100 };
const time = textKind(toCanonicalTime);
// An offset can carry a moment past the year 9999, whose text begins with "+"; it must come after all digits.
const dateTime = textKind((moment) => moment.replace(/^\+/, ':'));

/** The kind of a type whose values can be compared; null for lists and nested types. */
export function kindOf(type: FieldType): ValueKind | null {
  if (type.kind === 'enum') return enumeration;
  if (type.kind !== 'scalar') return null;
  switch (type.name) {
    case 'Int':
    case 'Float':
      return number;
    case 'BigInt':
      return integer;
    case 'Boolean':
      return boolean;
    case 'Decimal':
      return decimal;
    case 'Time':
      return time;
    case 'DateTime':
      return dateTime;
    default:
      return text;
  }
}

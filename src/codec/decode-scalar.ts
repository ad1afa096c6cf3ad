import type { ScalarName } from '#model';
import { toCanonicalDate, toCanonicalDateTime, toCanonicalTime } from './calendar.ts';
import { isUnsafe, NumberText, toPlainDecimal } from './exact-numbers.ts';
import { Misfit, unexpected } from './misfit.ts';

/** From what `JSON.parse` gave to the value of a Node. Throws {@link Misfit}, or {@link Inexact}. Never sees null. */
export type Decode = (value: unknown) => unknown;

/** Thrown when a number was rounded by `JSON.parse` and its text must be seen: the record is parsed again, exactly. */
export const Inexact: unique symbol = Symbol('Inexact');

/** The largest nesting of a JSON value. Without a bound a record could overflow the stack of whoever serialises it. */
const maxJsonDepth = 100;

const smallestLong = -(2n ** 63n);
const largestLong = 2n ** 63n - 1n;
const integerText = /^[+-]?\d+$/;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The decoder of each scalar. */
export const scalarDecoders: Readonly<Record<ScalarName, Decode>> = {
  ID: (value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' && Number.isInteger(value)) return String(toInteger('ID', value));
    if (value instanceof NumberText) return String(toInteger('ID', value));
    throw unexpected('ID (a string or an integer)', value);
  },
  String: (value) => {
    if (typeof value === 'string') return value;
    throw unexpected('String', value);
  },
  Int: (value) => {
    const number = toNumber(value);
    if (typeof number === 'number' && (number | 0) === number) return number | 0;
    throw unexpected('Int (an integer of 32 bits)', value);
  },
  BigInt: (value) => toInteger('BigInt', value),
  Float: (value) => {
    const number = toNumber(value);
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    throw unexpected('Float (a number that a double holds)', value);
  },
  Boolean: (value) => {
    if (typeof value === 'boolean') return value;
    throw unexpected('Boolean', value);
  },
  DateTime: (value) =>
    toDateText(value, toCanonicalDateTime, 'DateTime (ISO-8601 with Z, as in "2026-11-21T10:00:00.000Z")'),
  Date: (value) => toDateText(value, toCanonicalDate, 'Date (as in "2026-11-21")'),
  Time: (value) => toDateText(value, toCanonicalTime, 'Time (as in "10:00:00")'),
  Decimal: (value) => {
    const text = typeof value === 'number' ? String(value) : value instanceof NumberText ? value.text : value;
    const plain = typeof text === 'string' ? toPlainDecimal(text) : null;
    if (plain === null) throw unexpected('Decimal (a number of up to 38 digits, also as a string)', value);
    return plain;
  },
  Bytes: (value) => {
    if (typeof value === 'string' && value.length % 4 === 0 && base64.test(value)) return value;
    throw unexpected('Bytes (base64 with padding)', value);
  },
  JSON: toJson,
};

function toInteger(name: string, value: unknown): number | bigint {
  // The addition turns -0 into 0.
  if (Number.isSafeInteger(value)) return Number(value) + 0;
  if (typeof value === 'number' && isUnsafe(value)) throw Inexact;
  const text =
    value instanceof NumberText ? value.text : typeof value === 'string' && integerText.test(value) ? value : null;
  const plain = text === null ? null : toPlainDecimal(text);
  const integer = plain === null || plain.includes('.') ? null : BigInt(plain);
  if (integer === null || integer < smallestLong || integer > largestLong) {
    throw unexpected(integer === null ? name : `${name} (64 bits)`, value);
  }
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
}

function toDateText(value: unknown, canonical: (text: string) => string | null, expected: string): string {
  const text = typeof value === 'string' ? canonical(value) : null;
  if (text === null) throw unexpected(expected, value);
  return text;
}

/**
 * Flink has no JSON type: its STRING column shows a nested value as its text, and writes it back as a JSON string.
 * So a string that is the text of an object or a list is read as that.
 */
function toJson(value: unknown): unknown {
  let json = value;
  if (typeof value === 'string' && /^\s*[[{]/.test(value)) {
    try {
      json = JSON.parse(value);
    } catch {
      // It only begins like one: a string after all.
    }
  }
  return checkJson(json);
}

/** Bounds the nesting of a JSON value, and puts plain numbers in it where an exact pass left texts. */
export function checkJson(value: unknown, depth = 1): unknown {
  if (value instanceof NumberText) return Number(value.text);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxJsonDepth) throw new Misfit(`the JSON value is nested more than ${maxJsonDepth} deep`);
  const members = value as Record<string, unknown>;
  for (const key of Object.keys(members)) {
    const checked = checkJson(members[key], depth + 1);
    if (checked !== members[key]) members[key] = checked;
  }
  return value;
}

function toNumber(value: unknown): unknown {
  return value instanceof NumberText ? Number(value.text) : value;
}

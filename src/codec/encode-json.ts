import { messageOf, SluiceError } from '#errors';
import type { Field, FieldType, ScalarName } from '#model';
import { toCanonicalDate, toCanonicalDateTime, toCanonicalTime } from './calendar.ts';
import { checkJson } from './decode-scalar.ts';
import { toPlainDecimal } from './exact-numbers.ts';
import { compileFlat } from './flat-object.ts';
import { Misfit, unexpected } from './misfit.ts';
import { readerOf } from './read-property.ts';
import type { Node } from './types.ts';

/** From the value of a Node to JSON text. Throws {@link Misfit}. Never sees null. */
export type Encode = (value: unknown) => string;

/** What becomes of an optional field that has no value: left out of a record's value, written as null in a key. */
export type Absent = 'OMITTED' | 'NULL';

/**
 * Prepares the encoder of JSON objects with these fields: columns in declared order, no white space. It builds the text
 * itself, so that numbers beyond a double keep their digits. Throws `BAD_EVENT` for what does not fit the type.
 */
export function compileJsonEncoder(fields: readonly Field[], absent: Absent): (node: Node) => string {
  const encode = compileObject(fields, absent);
  return (node) => {
    try {
      return encode(node);
    } catch (thrown) {
      throw toRefusal(thrown);
    }
  };
}

/** Runs it, and turns what it throws into the `BAD_EVENT` that leaves the room. */
export function refusingMisfits<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw toRefusal(thrown);
  }
}

function toRefusal(thrown: unknown): SluiceError {
  return new SluiceError('BAD_EVENT', thrown instanceof Misfit ? thrown.reason : messageOf(thrown), { cause: thrown });
}

/** Prepares the encoder of one type. */
export function compileEncoder(type: FieldType): Encode {
  switch (type.kind) {
    case 'scalar':
      return scalarEncoders[type.name];
    case 'enum':
      return encodeString;
    case 'object':
      return compileObject(type.type.fields, 'OMITTED');
    case 'list':
      return compileList(compileEncoder(type.of), type.itemRequired);
  }
}

const scalarEncoders: Readonly<Record<ScalarName, Encode>> = {
  ID: encodeString,
  String: encodeString,
  Int: encodeNumber,
  BigInt: (value) => {
    if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
    throw unexpected('BigInt', value);
  },
  Float: encodeNumber,
  Boolean: (value) => {
    if (typeof value === 'boolean') return value ? 'true' : 'false';
    throw unexpected('Boolean', value);
  },
  DateTime: (value) =>
    quoted(
      'DateTime',
      value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value,
      toCanonicalDateTime,
    ),
  Date: (value) => quoted('Date', value, toCanonicalDate),
  Time: (value) => quoted('Time', value, toCanonicalTime),
  Decimal: (value) => {
    const plain = typeof value === 'string' || typeof value === 'number' ? toPlainDecimal(String(value)) : null;
    if (plain === null) throw unexpected('Decimal (a number of up to 38 digits)', value);
    return plain;
  },
  Bytes: (value) => encodeString(Buffer.isBuffer(value) ? value.toString('base64') : value),
  JSON: (value) => JSON.stringify(checkJson(value)),
};

/** What must be escaped: control characters, quote, backslash; and lone surrogates, found here by any surrogate. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const mustEscape = /[\u0000-\u001f"\\\ud800-\udfff]/;

function encodeString(value: unknown): string {
  // For short texts a look and a concatenation cost a third of the call of JSON.stringify.
  if (typeof value === 'string')
    return value.length < 64 && !mustEscape.test(value) ? `"${value}"` : JSON.stringify(value);
  throw unexpected('a string', value);
}

function encodeNumber(value: unknown): string {
  if (Number.isFinite(value)) return String(value);
  throw unexpected('a finite number', value);
}

/** A date or time in its canonical form. None of these forms needs escapes. */
function quoted(name: string, value: unknown, canonical: (text: string) => string | null): string {
  const text = typeof value === 'string' ? canonical(value) : null;
  if (text === null) throw unexpected(name, value);
  return `"${text}"`;
}

function compileList(encodeItem: Encode, itemRequired: boolean): Encode {
  return (value) => {
    if (!Array.isArray(value)) throw unexpected('a list', value);
    let text = '[';
    let at = 0;
    try {
      for (; at < value.length; at++) {
        const item: unknown = value[at];
        const isAbsent = item === null || item === undefined;
        if (isAbsent && itemRequired) throw new Misfit('required, but null');
        text += `${at === 0 ? '' : ','}${isAbsent ? 'null' : encodeItem(item)}`;
      }
    } catch (thrown) {
      if (thrown instanceof Misfit) thrown.path.unshift(at);
      throw thrown;
    }
    return `${text}]`;
  };
}

function compileObject(fields: readonly Field[], absent: Absent): Encode {
  const members = fields.map((field) => ({
    name: field.name,
    prefix: `${JSON.stringify(field.column)}:`,
    required: field.required,
    read: readerOf(field.name),
    encode: compileEncoder(field.type),
  }));
  // Built piece by piece, a text must be put together before it can be written.
  const flat = absent === 'OMITTED' ? compileFlat(fields, 'RECORD') : null;
  return (value) => {
    if (typeof value !== 'object' || value === null) throw unexpected('an object', value);
    const plain = flat?.(value);
    if (plain) return JSON.stringify(plain);
    let text = '{';
    let name = '';
    try {
      for (const member of members) {
        name = member.name;
        const given = member.read(value);
        const isAbsent = given === null || given === undefined;
        if (isAbsent && member.required) throw new Misfit('required, but has no value');
        if (isAbsent && absent === 'OMITTED') continue;
        text += `${text === '{' ? '' : ','}${member.prefix}${isAbsent ? 'null' : member.encode(given)}`;
      }
    } catch (thrown) {
      if (thrown instanceof Misfit) thrown.path.unshift(name);
      throw thrown;
    }
    return `${text}}`;
  };
}

import { isUtf8 } from 'node:buffer';
import { messageOf } from '#errors';
import type { Field, FieldType } from '#model';
import { type Decode, Inexact, scalarDecoders } from './decode-scalar.ts';
import { mayLoseDigits, NumberText, parseExactly } from './exact-numbers.ts';
import { compileFlat } from './flat-object.ts';
import { Misfit, unexpected } from './misfit.ts';
import { readerOf } from './read-property.ts';
import type { Decoded, Node } from './types.ts';

const byteOrderMark = 0xfeff;

/** The text of UTF-8 bytes, or null when they are not UTF-8. */
export function toText(bytes: Buffer): string | null {
  const text = bytes.toString();
  // Bytes that are not UTF-8 become U+FFFD. To look for that is nearly free, to check every record's bytes is not.
  return text.includes('\ufffd') && !isUtf8(bytes) ? null : text;
}

/** Prepares the decoder of JSON objects with these fields. It never throws. */
export function compileJsonDecoder(fields: readonly Field[]): (bytes: Buffer) => Decoded {
  const decode = compileObject(fields);
  const wantsText = hasDecimal(fields);

  function decodeText(text: string): Decoded {
    if (wantsText && mayLoseDigits(text)) return { ok: true, node: decode(parseExactly(text)) as Node };
    try {
      return { ok: true, node: decode(JSON.parse(text)) as Node };
    } catch (thrown) {
      if (thrown !== Inexact) throw thrown;
      return { ok: true, node: decode(parseExactly(text)) as Node };
    }
  }

  return (bytes) => {
    if (bytes.length === 0) return refuse('the value is empty, expected a JSON object');
    const text = toText(bytes);
    if (text === null) return refuse('the value is not valid UTF-8');
    try {
      // Flink's JSON reader skips the mark too; JSON.parse does not.
      return decodeText(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text);
    } catch (thrown) {
      if (thrown instanceof Misfit) return refuse(thrown.reason);
      return refuse(`the value is not valid JSON: ${messageOf(thrown)}`);
    }
  };
}

function refuse(reason: string): Decoded {
  return { ok: false, fault: { reason } };
}

/** Prepares the decoder of one type, as it stands in a JSON record. */
export function compileDecoder(type: FieldType): Decode {
  switch (type.kind) {
    case 'scalar':
      return scalarDecoders[type.name];
    case 'enum':
      return compileEnum(type.type.name, new Set(type.type.values.map((value) => value.name)));
    case 'object':
      return compileObject(type.type.fields);
    case 'list':
      return compileList(compileDecoder(type.of), type.itemRequired);
  }
}

function compileEnum(name: string, values: ReadonlySet<string>): Decode {
  const expected = `${name} (${[...values].join(', ')})`;
  return (value) => {
    if (typeof value === 'string' && values.has(value)) return value;
    throw unexpected(expected, value);
  };
}

function compileList(decodeItem: Decode, itemRequired: boolean): Decode {
  return (value) => {
    if (!Array.isArray(value)) throw unexpected('a list', value);
    const items = new Array<unknown>(value.length);
    let at = 0;
    try {
      for (; at < value.length; at++) {
        const item: unknown = value[at];
        if (item === null && itemRequired) throw new Misfit('required, but null');
        items[at] = item === null ? null : decodeItem(item);
      }
    } catch (thrown) {
      if (thrown instanceof Misfit) thrown.path.unshift(at);
      throw thrown;
    }
    return items;
  };
}

function compileObject(fields: readonly Field[]): Decode {
  const members = fields.map((field) => ({
    name: field.name,
    column: field.column,
    required: field.required,
    read: readerOf(field.column),
    decode: compileDecoder(field.type),
  }));
  const flat = compileFlat(fields, 'NODE');
  return (value) => {
    if (!isObject(value)) throw unexpected('a JSON object', value);
    const plain = flat?.(value);
    if (plain) return plain;
    const node: Record<string, unknown> = {};
    let column = '';
    try {
      for (const member of members) {
        column = member.column;
        const raw = member.read(value);
        if (raw === null || raw === undefined) {
          if (member.required) throw new Misfit(`required, but ${raw === null ? 'null' : 'missing'}`);
          node[member.name] = null;
        } else {
          node[member.name] = member.decode(raw);
        }
      }
    } catch (thrown) {
      if (thrown instanceof Misfit) thrown.path.unshift(column);
      throw thrown;
    }
    return node;
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

function hasDecimal(fields: readonly Field[]): boolean {
  return fields.some((field) => isDecimal(field.type));
}

function isDecimal(type: FieldType): boolean {
  if (type.kind === 'list') return isDecimal(type.of);
  if (type.kind === 'object') return hasDecimal(type.type.fields);
  return type.kind === 'scalar' && type.name === 'Decimal';
}

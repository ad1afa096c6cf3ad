import { isUtf8 } from 'node:buffer';
import type { Field, FieldType, Stream } from '#model';
import type { Entry } from './replies.ts';

/** Between the fields of an entry and the value that the codec of its stream reads and writes. */
export interface EntryFields {
  /** The value of an entry, whichever of the two layouts it was written in. Never throws. */
  toValue(entry: Entry): Buffer;
  /** Names and values of the fields, one after the other, as XADD takes them: a field for each column that has a value. */
  toFields(value: Buffer): readonly (string | Buffer)[];
}

/**
 * A field for each column, as Redis clients write: texts, numbers and times as their text, Bytes as they are, lists and
 * nested types as JSON. An entry whose only field is no column (`value`, `data`, …) holds the whole value in it.
 */
export function createEntryFields({ fields, format }: Pick<Stream, 'fields' | 'format'>): EntryFields {
  const byColumn = new Map(fields.map((field) => [field.column, field]));
  const [only] = fields;
  if (format === 'RAW' && only) {
    return {
      toValue: ({ fields: found }) =>
        (found.find(([name]) => name === only.column) ?? found[0] ?? [only.column, Buffer.alloc(0)])[1],
      toFields: (value) => [only.column, value],
    };
  }
  return {
    toValue({ fields: found }) {
      const [first] = found;
      if (found.length === 1 && first && !byColumn.has(first[0])) return first[1];
      return toJson(found, byColumn);
    },
    toFields(value) {
      const members = splitObject(value.toString());
      return members.flatMap(([name, text]) => [name, toFieldText(text, byColumn.get(name)?.type)]);
    },
  };
}

function toJson(found: Entry['fields'], byColumn: ReadonlyMap<string, Field>): Buffer {
  const members: string[] = [];
  for (const [name, value] of found) {
    const type = byColumn.get(name)?.type;
    if (!type) continue;
    // The codec says what is wrong with a value that is no text.
    if (!isBytes(type) && !isUtf8(value)) return value;
    members.push(
      `${JSON.stringify(name)}:${isBytes(type) ? `"${value.toString('base64')}"` : toJsonText(type, value)}`,
    );
  }
  return Buffer.from(`{${members.join(',')}}`);
}

const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** What clients write for a truth value, for which Redis has no type. */
const truths: ReadonlyMap<string, string> = new Map([
  ['true', 'true'],
  ['True', 'true'],
  ['1', 'true'],
  ['false', 'false'],
  ['False', 'false'],
  ['0', 'false'],
]);

function toJsonText(type: FieldType, value: Buffer): string {
  const text = value.toString();
  const asString = JSON.stringify(text);
  if (type.kind === 'enum') return asString;
  if (type.kind !== 'scalar') return isJson(text) ? text : asString;
  switch (type.name) {
    case 'Int':
    case 'Float':
    case 'BigInt':
    case 'Decimal':
      return jsonNumber.test(text) ? text : asString;
    case 'Boolean':
      return truths.get(text) ?? asString;
    case 'JSON':
      return isJson(text) ? text : asString;
    default:
      return asString;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isBytes(type: FieldType | undefined): boolean {
  return type?.kind === 'scalar' && type.name === 'Bytes';
}

/** A string as it is, without its quotes; everything else as its JSON text, digits and all. */
function toFieldText(json: string, type: FieldType | undefined): string | Buffer {
  const isPlain = json.startsWith('"') && !(type?.kind === 'scalar' && type.name === 'JSON');
  if (!isPlain) return json;
  const text = JSON.parse(json) as string;
  return isBytes(type) ? Buffer.from(text, 'base64') : text;
}

/** The members of a JSON object as the codec writes it, without white space: names, and values as they stand there. */
function splitObject(json: string): [name: string, value: string][] {
  const members: [string, string][] = [];
  let depth = 0;
  let inString = false;
  let from = 1;
  let colon = -1;
  for (let at = 0; at < json.length; at += 1) {
    const sign = json[at];
    if (inString) {
      if (sign === '\\') at += 1;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (sign === '{' || sign === '[') depth += 1;
    else if (sign === ':' && depth === 1 && colon < 0) colon = at;
    else if (sign === ',' || sign === '}' || sign === ']') {
      if (depth === 1 && sign !== ']' && colon > 0) {
        members.push([JSON.parse(json.slice(from, colon)) as string, json.slice(colon + 1, at)]);
        from = at + 1;
        colon = -1;
      }
      if (sign !== ',') depth -= 1;
    }
  }
  return members;
}

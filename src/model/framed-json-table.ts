import { toFlinkType } from './flink-types.ts';
import { quoteName, quoteText } from './sql-names.ts';
import { type Field, type FieldType, isTable, type ScalarName, type Source } from './types.ts';
import { virtualNames } from './virtual-columns.ts';

/** What Flink's table of a stream of format JSON_SCHEMA is made of. */
export interface FramedJsonTable {
  /** Its physical and computed columns. */
  readonly columns: readonly string[];
  /** What of it the view for people's SQL shows. */
  readonly projection: readonly string[];
  /** What of a row must hold for its record to be one; absent where a field that must be there says as much. */
  readonly condition?: string;
  /** Settings of the value's format. */
  readonly options: Readonly<Record<string, string>>;
}

/** Where the record's bytes and its JSON text stand in the table; no declared column's name can have the semicolon. */
const bytesColumn = quoteName('record;bytes');
const textColumn = quoteName('record;text');
/** The record as ISO-8859-1: a character for every byte, so that SUBSTRING cuts bytes. */
const byteText = `SUBSTRING(${bytesColumn} FROM 6)`;
const jsonText = `DECODE(ENCODE(${byteText}, 'ISO-8859-1'), 'UTF-8')`;

/**
 * The table by which Flink reads JSON behind the frame of a schema registry, for which it has no format: the bytes as
 * they are, and columns computed from the JSON text. What cannot be read is null, as in tables of format JSON.
 */
export function toFramedJsonTable(source: Source): FramedJsonTable {
  // A primary key must be a physical column: it is read from the record's key.
  const keyed = isTable(source) ? source.key : [];
  const eventTime = source.kind === 'stream' ? source.eventTime.field : null;
  const computed = source.fields.filter((field) => !keyed.includes(field));
  const isToldByField = computed.some((field) => field.required || field === eventTime);
  return {
    columns: [
      ...keyed.map(({ column, type }) => `${quoteName(column)} ${toFlinkType(type)}`),
      `${bytesColumn} STRING`,
      `${textColumn} AS ${jsonText}`,
      ...computed.map((field) => {
        const value = field === eventTime ? readInstant(eventTimeText(field)) : read(field.type, [field.column]);
        return `${quoteName(field.column)} AS ${value}`;
      }),
    ],
    projection: [...source.fields.map(({ column }) => quoteName(column)), ...virtualNames],
    ...(!isToldByField && { condition: `${textColumn} IS JSON OBJECT` }),
    options: {
      'value.format': 'raw',
      'value.raw.charset': 'ISO-8859-1',
      ...(keyed.length > 0 && { 'value.fields-include': 'EXCEPT_KEY' }),
    },
  };
}

/**
 * The type that a field has in such a table. Flink's JSON functions read no list but one of texts, so a list whose items
 * cannot be made of their texts is its JSON text.
 */
export function toFramedJsonType(type: FieldType): string {
  if (type.kind === 'list') return isListOfTexts(type) ? toFlinkType(type) : 'STRING';
  if (type.kind !== 'object') return toFlinkType(type);
  const fields = type.type.fields.map(({ column, type: of }) => `${quoteName(column)} ${toFramedJsonType(of)}`);
  return `ROW<${fields.join(', ')}>`;
}

type ListType = Extract<FieldType, { readonly kind: 'list' }>;

function isListOfTexts({ of }: ListType): boolean {
  if (of.kind === 'enum') return true;
  return of.kind === 'scalar' && of.name !== 'DateTime' && of.name !== 'Bytes';
}

/** The expression that reads a value of the type at the path. */
function read(type: FieldType, path: readonly string[]): string {
  switch (type.kind) {
    case 'scalar':
      return readScalar[type.name](path);
    case 'enum':
      return valueAt(path);
    case 'list': {
      if (!isListOfTexts(type)) return queryAt(path);
      const texts = queryAt(path, ' RETURNING ARRAY<STRING>');
      const wanted = toFlinkType(type);
      return wanted === 'ARRAY<STRING>' ? texts : `TRY_CAST(${texts} AS ${wanted})`;
    }
    case 'object':
      return readRow(type.type.fields, type, path);
  }
}

function readRow(fields: readonly Field[], type: FieldType, path: readonly string[]): string {
  const values = fields.map((field) => read(field.type, [...path, field.column]));
  const row = `CAST(ROW(${values.join(', ')}) AS ${toFramedJsonType(type)})`;
  return `CASE WHEN ${queryAt(path)} LIKE '{%' THEN ${row} END`;
}

const castTo = (type: ScalarName) => (path: readonly string[]) =>
  `TRY_CAST(${plainAt(path)} AS ${toFlinkType({ kind: 'scalar', name: type })})`;

/** Numbers come as the text that stands in the record, with all their digits. */
const readScalar: Readonly<Record<ScalarName, (path: readonly string[]) => string>> = {
  ID: valueAt,
  String: valueAt,
  Int: castTo('Int'),
  BigInt: castTo('BigInt'),
  Float: castTo('Float'),
  Boolean: castTo('Boolean'),
  Date: castTo('Date'),
  Time: castTo('Time'),
  Decimal: castTo('Decimal'),
  DateTime: (path) => readInstant(plainAt(path)),
  // FROM_BASE64 would end the job where the text is no base64. It gives the bytes as a text, which the cast takes as they are.
  Bytes(path) {
    const text = plainAt(path);
    const isBase64 = `MOD(CHAR_LENGTH(${text}), 4) = 0 AND REGEXP(${text}, '^[A-Za-z0-9+/]*={0,2}$')`;
    return `CASE WHEN ${isBase64} THEN CAST(FROM_BASE64(${text}) AS BYTES) END`;
  },
  JSON: (path) => `COALESCE(${queryAt(path)}, ${valueAt(path)})`,
};

/** Flink reads an instant from its own notation alone. Sessions are in UTC. */
function readInstant(text: string): string {
  const own = `REPLACE(REGEXP_EXTRACT(${text}, '^([0-9-]{10}T[0-9:.]+)Z$', 1), 'T', ' ')`;
  return `TRY_CAST(${own} AS TIMESTAMP_LTZ(3))`;
}

/** A text that fits only when it is of ASCII: taken from the bytes as they are, which costs less. */
function plainAt(path: readonly string[]): string {
  const isPlain = path.every((name) => /^[ -~]*$/.test(name));
  return isPlain ? `JSON_VALUE(${byteText}, ${toJsonPath(path)})` : valueAt(path);
}

/** Without DECODE and ENCODE: Flink 2.3 makes code of them that does not compile where a watermark is made. */
function eventTimeText({ column }: Field): string {
  const names = new Set([Buffer.from(column).toString('latin1'), column]);
  const found = [...names].map((name) => `JSON_VALUE(${byteText}, ${toJsonPath([name])})`);
  return found.length === 1 ? found.join() : `COALESCE(${found.join(', ')})`;
}

/** A string's or number's text; null for all else. */
function valueAt(path: readonly string[]): string {
  return `JSON_VALUE(${jsonText}, ${toJsonPath(path)})`;
}

/** The text of an object or a list; null for all else. */
function queryAt(path: readonly string[], returning = ''): string {
  return `JSON_QUERY(${jsonText}, ${toJsonPath(path)}${returning})`;
}

function toJsonPath(path: readonly string[]): string {
  const steps = path.map((name) => `["${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"]`);
  return quoteText(`$${steps.join('')}`);
}

import { z } from 'zod';
import { ExactNumber, type LogicalType, type SqlColumn, type SqlRow } from '#flink';

/** A row as a client gets it: values by column name, as JSON holds them. */
export type RowValues = Readonly<Record<string, unknown>>;

type Convert = (value: unknown) => unknown;

const nested: z.ZodType<LogicalType> = z.looseObject({ type: z.string(), nullable: z.boolean() });
const members = z.object({
  elementType: nested.optional(),
  valueType: nested.optional(),
  fields: z.array(z.object({ name: z.string(), fieldType: nested })).optional(),
});

/**
 * How rows of these columns are told, the same way as records of declared streams: BIGINT and DECIMAL are exact text,
 * moments are ISO-8601 in UTC with `Z` (the session's time zone is UTC, so a TIMESTAMP without zone is one too), bytes are
 * base64; ARRAY is a list, ROW and MAP are objects. Of columns with one name the later have a number behind it.
 */
export function createRowReader(columns: readonly SqlColumn[]): (row: SqlRow) => RowValues {
  const names = uniqueNames(columns.map(({ name }) => name));
  const converts = columns.map(({ logicalType }) => converterOf(logicalType));
  return ({ fields }) => {
    const values: Record<string, unknown> = {};
    for (const [index, name] of names.entries()) {
      const value = fields[index] ?? null;
      const convert = converts[index];
      values[name] = value === null || !convert ? value : convert(value);
    }
    return values;
  };
}

/** The names, where a name comes again with a number behind it. */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let number = 2; seen.has(unique) || (unique !== name && taken.has(unique)); number += 1) {
      unique = `${name}_${number}`;
    }
    seen.add(unique);
    return unique;
  });
}

/** Null: the value is told as it is. */
function converterOf(logicalType: LogicalType): Convert | null {
  switch (logicalType.type) {
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return toText;
    case 'DECIMAL':
      return (value) => toPlainDecimal(toText(value));
    case 'FLOAT':
    case 'DOUBLE':
      return (value) => (value instanceof ExactNumber || typeof value === 'bigint' ? Number(toText(value)) : value);
    case 'TIMESTAMP_WITHOUT_TIME_ZONE':
    case 'TIMESTAMP_WITH_LOCAL_TIME_ZONE':
      return toInstant;
    default:
      return converterOfParts(logicalType);
  }
}

function converterOfParts(logicalType: LogicalType): Convert | null {
  const parsed = members.safeParse(logicalType);
  if (!parsed.success) return null;
  const { elementType, valueType, fields } = parsed.data;
  const convertItem = elementType ? converterOf(elementType) : null;
  if (convertItem) return (value) => (Array.isArray(value) ? value.map(orNull(convertItem)) : value);
  const convertValue = valueType ? converterOf(valueType) : null;
  if (convertValue) return (value) => mapEntries(value, () => convertValue);
  const ofField = new Map(fields?.map(({ name, fieldType }) => [name, converterOf(fieldType)]));
  return ofField.size > 0 ? (value) => mapEntries(value, (name) => ofField.get(name) ?? null) : null;
}

function mapEntries(value: unknown, convertOf: (name: string) => Convert | null): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => {
      const convert = convertOf(name);
      return [name, convert ? orNull(convert)(entry) : entry];
    }),
  );
}

function orNull(convert: Convert): Convert {
  return (value) => (value === null ? null : convert(value));
}

function toText(value: unknown): string {
  return value instanceof ExactNumber ? value.text : String(value);
}

/** With milliseconds as all moments have them, and with the digits beyond where there are any. */
function toInstant(value: unknown): unknown {
  const match = /^(\d{4,}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(?:\.(\d+))?Z?$/.exec(String(value));
  if (!match) return value;
  const [, minutes, seconds = ':00', fraction = ''] = match;
  return `${minutes}${seconds}.${fraction.padEnd(3, '0')}Z`;
}

/** Without an exponent and needless zeros. */
function toPlainDecimal(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (!match) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const point = whole.length + Number(exponent);
  const digits = (whole + fraction)
    .padEnd(point, '0')
    .padStart(whole.length + fraction.length - Math.min(point, 0), '0');
  const at = Math.max(point, 0);
  const before = digits.slice(0, at).replace(/^0+(?=\d)/, '') || '0';
  const after = digits.slice(at).replace(/0+$/, '');
  const plain = after === '' ? before : `${before}.${after}`;
  return plain === '0' ? plain : sign + plain;
}

import { quoteName } from './sql-names.ts';
import type { Field, FieldType, ScalarName } from './types.ts';

/**
 * The Flink type of each scalar.
 * - Decimal is DECIMAL(38, 9): 29 digits before the point, 9 behind it; sums of it stay exact.
 * - Time is TIME(0), the precision that Flink's SQL knows; its JSON format carries a fraction through all the same.
 * - JSON is STRING: Flink's JSON format reads a nested value into a STRING column as its text. It writes the column as a
 *   JSON text, so that a view's JSON field is a string in the record.
 */
const scalarTypes: Readonly<Record<ScalarName, string>> = {
  ID: 'STRING',
  String: 'STRING',
  Int: 'INT',
  BigInt: 'BIGINT',
  Float: 'DOUBLE',
  Boolean: 'BOOLEAN',
  DateTime: 'TIMESTAMP_LTZ(3)',
  Date: 'DATE',
  Time: 'TIME(0)',
  Decimal: 'DECIMAL(38, 9)',
  Bytes: 'BYTES',
  JSON: 'STRING',
};

/** The Flink type of a field's type, nullable. */
export function toFlinkType(type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
      return scalarTypes[type.name];
    case 'enum':
      return 'STRING';
    case 'list':
      return `ARRAY<${toFlinkType(type.of)}>`;
    case 'object':
      return `ROW<${type.type.fields.map((field) => `${quoteName(field.column)} ${toFlinkType(field.type)}`).join(', ')}>`;
  }
}

/** The GraphQL notation of a field's type, e.g. `[BigInt!]!`. */
export function printFieldType({ type, required }: Pick<Field, 'type' | 'required'>): string {
  return `${printType(type)}${required ? '!' : ''}`;
}

function printType(type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
      return type.name;
    case 'list':
      return `[${printFieldType({ type: type.of, required: type.itemRequired })}]`;
    default:
      return type.type.name;
  }
}

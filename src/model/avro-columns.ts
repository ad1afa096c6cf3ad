/** A column of an Avro record, as Flink's Avro format names and types it. */
export interface AvroColumn {
  readonly name: string;
  /** Without nullability at the outer end; inside as in the schema. */
  readonly type: string;
  readonly isNullable: boolean;
  /** A number that means a time, which Flink's Avro format does not know as one; null: the column means what its type says. */
  readonly time: AvroTime | null;
}

/** Instants since the epoch, or times since midnight. */
export type AvroTime = 'INSTANT_MICROS' | 'TIME_MILLIS' | 'TIME_MICROS';

/** What Flink sees in an Avro schema. */
export interface AvroColumns {
  readonly columns: readonly AvroColumn[];
  /** Flink cannot derive such a schema from the columns' types: it must be given it. */
  readonly needsSchema: boolean;
  /** The schema to give it then: without the logical types that it does not know. */
  readonly schema: string;
}

/** A type in Flink's SQL. */
interface Typed {
  readonly type: string;
  readonly isNullable: boolean;
  readonly time?: AvroTime | null;
}

/** How a schema is walked through. */
interface Walk {
  readonly named: Map<string, unknown>;
  needsSchema: boolean;
}

class NoFlinkType extends Error {}

const plainTypes: Readonly<Record<string, string>> = {
  string: 'STRING',
  bytes: 'BYTES',
  int: 'INT',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
};
const logicalTypes: Readonly<Record<string, string>> = {
  'int date': 'DATE',
  'long timestamp-millis': 'TIMESTAMP(3)',
};
/** Flink 2.3 refuses TIMESTAMP(6) in Avro, and its SQL has no TIME(3), which it would make of the others. */
const timesAsNumbers: Readonly<Record<string, AvroTime>> = {
  'int time-millis': 'TIME_MILLIS',
  'long time-micros': 'TIME_MICROS',
  'long timestamp-micros': 'INSTANT_MICROS',
};
const longestFlinkDecimal = 38;

/**
 * The columns of an Avro record by the rules of Flink's AvroSchemaConverter; null when Flink has no type for some field
 * (a union of several types, a record within itself), or when it is no record.
 */
export function readAvroColumns(schema: string): AvroColumns | null {
  try {
    const parsed: unknown = JSON.parse(schema);
    if (!isObject(parsed) || parsed['type'] !== 'record') return null;
    const walk: Walk = { named: new Map(), needsSchema: false };
    const columns = fieldsOf(parsed, walk);
    return { columns, needsSchema: walk.needsSchema, schema: JSON.stringify(parsed, withoutTimes) };
  } catch {
    // No JSON, or a type that Flink has none for.
    return null;
  }
}

function fieldsOf(record: Readonly<Record<string, unknown>>, walk: Walk): AvroColumn[] {
  const fields: unknown = record['fields'];
  if (!Array.isArray(fields)) throw new NoFlinkType();
  return fields.map((field: unknown) => {
    if (!isObject(field) || typeof field['name'] !== 'string') throw new NoFlinkType();
    return { name: field['name'], time: null, ...typeOf(field['type'], walk) };
  });
}

function typeOf(schema: unknown, walk: Walk): Typed {
  if (Array.isArray(schema)) return unionOf(schema, walk);
  if (typeof schema === 'string') {
    const type = plainTypes[schema];
    if (type !== undefined) return { type, isNullable: false };
    const named = walk.named.get(schema);
    if (named === undefined) throw new NoFlinkType();
    return typeOf(named, walk);
  }
  if (!isObject(schema)) throw new NoFlinkType();
  const time = timesAsNumbers[logicalName(schema)];
  return { type: complexType(schema, walk), isNullable: false, ...(time && { time }) };
}

function unionOf(types: readonly unknown[], walk: Walk): Typed {
  const others = types.filter((type) => type !== 'null');
  if (others.length !== 1 || types.length > 2) throw new NoFlinkType();
  return { ...typeOf(others[0], walk), isNullable: types.length === 2 };
}

function complexType(schema: Readonly<Record<string, unknown>>, walk: Walk): string {
  const { type, name, logicalType } = schema;
  switch (type) {
    case 'record': {
      const fields = fieldsOf(schema, walk).map((field) => `\`${field.name.replaceAll('`', '``')}\` ${inner(field)}`);
      remember(name, schema, walk);
      return `ROW<${fields.join(', ')}>`;
    }
    case 'array':
      return `ARRAY<${inner(typeOf(schema['items'], walk))}>`;
    case 'map':
      return `MAP<STRING NOT NULL, ${inner(typeOf(schema['values'], walk))}>`;
    case 'enum':
      remember(name, schema, walk);
      walk.needsSchema = true;
      return 'STRING';
    case 'fixed':
      remember(name, schema, walk);
      walk.needsSchema = true;
      return logicalType === 'decimal' ? decimalOf(schema) : `VARBINARY(${Number(schema['size'])})`;
    case 'bytes':
      return logicalType === 'decimal' ? decimalOf(schema) : 'BYTES';
    default:
      if (typeof type !== 'string' || isObject(type)) return typeOf(type, walk).type;
      return logicalTypes[logicalName(schema)] ?? typeOf(type, walk).type;
  }
}

function logicalName({ type, logicalType }: Readonly<Record<string, unknown>>): string {
  return `${String(type)} ${String(logicalType)}`;
}

/** For JSON.stringify. */
function withoutTimes(_name: string, value: unknown): unknown {
  return isObject(value) && logicalName(value) in timesAsNumbers ? value['type'] : value;
}

function inner({ type, isNullable }: Typed): string {
  return isNullable ? type : `${type} NOT NULL`;
}

function decimalOf({ precision, scale = 0 }: Readonly<Record<string, unknown>>): string {
  if (typeof precision !== 'number' || precision > longestFlinkDecimal) throw new NoFlinkType();
  return `DECIMAL(${precision}, ${Number(scale)})`;
}

function remember(name: unknown, schema: unknown, { named }: Walk): void {
  if (typeof name === 'string') named.set(name, schema);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

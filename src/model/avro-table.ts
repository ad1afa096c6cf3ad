import { type AvroColumn, type AvroColumns, type AvroTime, readAvroColumns } from './avro-columns.ts';
import { toFlinkType } from './flink-types.ts';
import type { MissingTable, RegistryReading } from './registry-reading.ts';
import { quoteName } from './sql-names.ts';
import { type Field, isTable, type Source } from './types.ts';
import { virtualNames } from './virtual-columns.ts';

/** What Flink's table of an Avro stream is made of. */
export interface AvroTable {
  /** Its physical columns. */
  readonly columns: readonly string[];
  /** A computed column with the event time as an instant; null: it is `record_time`. */
  readonly eventTime: string | null;
  /** What of it the view for people's SQL shows, under the declared names and types. */
  readonly projection: readonly string[];
  /** Settings of the value's format. */
  readonly options: Readonly<Record<string, string>>;
}

/** Where the event time stands in the table; no declared column's name can have the blank. */
const eventTimeName = 'event time';
const withoutType = 'a union of several types, a record within itself, a decimal of more than 38 digits';

/** The table by which Flink reads the source, or why it cannot. */
export function toAvroTable(source: Source, reading: RegistryReading): AvroTable | MissingTable {
  const schema = reading.schemaOf(source);
  if ('reason' in schema) return schema;
  const avro = readAvroColumns(schema.text);
  if (avro === null) return never(`its Avro schema has what Flink has no type for (${withoutType})`);
  const byName = new Map(avro.columns.map((column) => [column.name, column]));
  const timeField = source.kind === 'stream' ? source.eventTime.field : null;
  const timeColumn = timeField && byName.get(timeField.column);
  if (timeColumn === undefined || (timeColumn && !isInstant(timeColumn))) {
    return never(`its event time "${timeField?.column}" is no timestamp in milli- or microseconds in its Avro schema`);
  }
  // The primary key of a table must be there, too.
  const noKey = isTable(source) ? source.key.find(({ column }) => !byName.has(column)) : undefined;
  if (noKey) return never(`its key "${noKey.column}" is not in its Avro schema`);
  const declared = source.fields.map((field) => project(field, byName.get(field.column), field === timeField));
  return {
    columns: columnsOf(avro),
    eventTime: timeColumn && `${quoteName(eventTimeName)} AS ${convert(timeColumn, 'TIMESTAMP_LTZ(3)')}`,
    projection: [...declared, ...virtualNames],
    options: formatOptions(avro, reading),
  };
}

/** Flink's own format ends the job at a record that does not fit; ours has the same options. */
function formatOptions(avro: AvroColumns, reading: RegistryReading): Readonly<Record<string, string>> {
  const format = reading.hasSluiceJar ? 'sluice-avro' : 'avro-confluent';
  const options = { url: reading.registryUrl, ...(avro.needsSchema && { schema: avro.schema }), ...reading.settings };
  const named = Object.entries(options).map(([name, value]) => [`value.${format}.${name}`, value]);
  return { 'value.format': format, ...Object.fromEntries(named) };
}

function never(reason: string): MissingTable {
  return { reason, mayCome: false };
}

/** The column that the watermark is for. */
export function avroWatermarkColumn({ eventTime }: AvroTable): string {
  return quoteName(eventTime === null ? 'record_time' : eventTimeName);
}

/** A schema that Flink is given must have exactly the columns' types; one that it derives may let all be null. */
function columnsOf({ columns, needsSchema }: AvroColumns): readonly string[] {
  return columns.map(
    ({ name, type, isNullable }) => `${quoteName(name)} ${type}${needsSchema && !isNullable ? ' NOT NULL' : ''}`,
  );
}

function project(field: Field, column: AvroColumn | undefined, isEventTime: boolean): string {
  const name = quoteName(field.column);
  if (isEventTime) return `${quoteName(eventTimeName)} AS ${name}`;
  const wanted = toFlinkType(field.type);
  if (column === undefined) return `CAST(NULL AS ${wanted}) AS ${name}`;
  const isScalar = field.type.kind === 'scalar' || field.type.kind === 'enum';
  return isScalar && column.type !== wanted ? `${convert(column, wanted)} AS ${name}` : name;
}

const fromNumbers: Readonly<Record<AvroTime, (name: string) => string>> = {
  INSTANT_MICROS: (name) => `TO_TIMESTAMP_LTZ(${name} / 1000, 3)`,
  TIME_MILLIS: (name) => `TO_TIMESTAMP_LTZ(CAST(${name} AS BIGINT), 3)`,
  TIME_MICROS: (name) => `TO_TIMESTAMP_LTZ(${name} / 1000, 3)`,
};

/** The column's value as another type; sessions are in UTC, so that a TIMESTAMP is the instant it says. */
function convert({ name, time }: AvroColumn, wanted: string): string {
  const value = time === null ? quoteName(name) : fromNumbers[time](quoteName(name));
  return `CAST(${value} AS ${wanted})`;
}

function isInstant({ type, time }: AvroColumn): boolean {
  return type === 'TIMESTAMP(3)' || time === 'INSTANT_MICROS';
}

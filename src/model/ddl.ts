import { avroWatermarkColumn, toAvroTable } from './avro-table.ts';
import { flinkRefuses, withoutSluiceJar } from './flink-formats.ts';
import { toFlinkType } from './flink-types.ts';
import { toFramedJsonTable, toFramedJsonType } from './framed-json-table.ts';
import { kafkaSourcesOf } from './redis.ts';
import type { MissingTable, RegistryReading } from './registry-reading.ts';
import { usesRegistry } from './registry-use.ts';
import { printOptions, quoteName } from './sql-names.ts';
import { type FieldType, type Format, isTable, type Model, type Source, type View } from './types.ts';
import { virtualColumns } from './virtual-columns.ts';

/** How the tables reach Kafka. */
export interface DdlOptions {
  /** As Flink sees the brokers, e.g. `127.0.0.1:9092`. */
  readonly bootstrapServers: string;
  /** Where tables are read from; one session has one mode, for SQL that a person wrote cannot carry hints. Default `earliest-offset`. */
  readonly startupMode?: 'earliest-offset' | 'latest-offset';
  /** Set for tables that end with what is in the topics when they are read. */
  readonly isBounded?: boolean;
  /** Further client settings, without the prefix `properties.`, e.g. `security.protocol`. */
  readonly kafkaProperties?: Readonly<Record<string, string>>;
  /** How streams of format AVRO and PROTOBUF are read; absent: they have no tables. */
  readonly registry?: RegistryReading;
}

/** The statements that make one source known to a session, in order. */
export interface SourceDdl {
  readonly topic: string;
  /** None where the source has no table. */
  readonly statements: readonly string[];
  /** Why it has no table; absent where it has. */
  readonly missing?: MissingTable;
}

/** Made before any table. */
export const sessionStatements: readonly string[] = [
  'CREATE DATABASE IF NOT EXISTS `source`',
  'CREATE DATABASE IF NOT EXISTS `sink`',
];

/**
 * The settings of a session in which the tables mean what the declaration says: instants are UTC, an idle partition
 * holds no watermark back, a row that lacks a required field is not written, and in a table the last row of a key wins.
 */
export function sessionProperties(options: { readonly idleTimeoutMs?: number } = {}): Readonly<Record<string, string>> {
  return {
    'table.local-time-zone': 'UTC',
    'table.exec.source.idle-timeout': `${options.idleTimeoutMs ?? 5000} ms`,
    'table.exec.sink.not-null-enforcer': 'DROP',
    // A row may carry several event times (a join's); Flink would refuse it, for it writes one as the record's timestamp.
    'table.exec.sink.rowtime-inserter': 'DISABLED',
    // Flink 2.3 would refuse a keyed view whose SQL does not group by exactly its key.
    'table.exec.sink.require-on-conflict': 'false',
  };
}

/**
 * The DDL of a model. Reading and writing are apart: `source.<topic>` reads whatever lies in the topic, with every
 * column nullable; the view `<topic>`, which people's SQL names, leaves out records that lack a required field or the
 * event time (a null there would end a windowed job); `sink.<topic>` writes.
 */
export function toDdl(model: Model, options: DdlOptions): readonly SourceDdl[] {
  return kafkaSourcesOf(model).map((source): SourceDdl => {
    const made = usesRegistry(source) ? registryTables(source, options) : plainTables(source, options);
    const { topic } = source;
    return 'reason' in made ? { topic, statements: [], missing: made } : { topic, statements: made };
  });
}

/** Makes a session forget what it reads a source by, so that it can be declared anew. Jobs that run are not touched. */
export function dropStatements(topic: string): readonly string[] {
  const name = quoteName(topic);
  return [`DROP TEMPORARY VIEW IF EXISTS ${name}`, `DROP TABLE IF EXISTS \`source\`.${name}`];
}

function plainTables(source: Source, options: DdlOptions): readonly string[] {
  return [readingTable(source, options), readingView(source), writingTable(source, options)];
}

/**
 * Flink reads Avro with a registry, JSON behind Confluent's five bytes by way of its functions, and Protobuf by a format
 * of ours. There is nothing to write to, see {@link refuseSink}.
 */
function registryTables(source: Source, options: DdlOptions): readonly string[] | MissingTable {
  const reason = flinkRefuses(source);
  if (reason !== null) return { reason, mayCome: false };
  if (source.format === 'AVRO' || source.format === 'PROTOBUF') {
    if (options.registry === undefined) return { reason: 'no schema registry is known here', mayCome: false };
    return source.format === 'AVRO'
      ? avroTables(source, options, options.registry)
      : protobufTables(source, options, options.registry);
  }
  // A key in Avro, which nobody looks at.
  if (source.format !== 'JSON_SCHEMA') return [readingTable(source, options), readingView(source)];
  const { columns, ...json } = toFramedJsonTable(source);
  const lines = [...columns, ...virtualColumns, watermark(source), ...primaryKey(source)];
  return [readingTable(source, options, { lines, options: json.options }), readingView(source, json)];
}

function avroTables(source: Source, options: DdlOptions, registry: RegistryReading): readonly string[] | MissingTable {
  const avro = toAvroTable(source, registry);
  if ('reason' in avro) return avro;
  const time = avroWatermarkColumn(avro);
  const lines = [...avro.columns, ...virtualColumns, ...(avro.eventTime === null ? [] : [avro.eventTime])];
  const all = [...lines, watermark(source, time), ...primaryKey(source)];
  return [readingTable(source, options, { lines: all, options: avro.options }), readingView(source, avro)];
}

function protobufTables(
  source: Source,
  options: DdlOptions,
  registry: RegistryReading,
): readonly string[] | MissingTable {
  if (!registry.hasSluiceJar) return { reason: withoutSluiceJar, mayCome: false };
  const plan = registry.schemaOf(source);
  if ('reason' in plan) return plan;
  const format = { 'value.format': 'sluice-protobuf', 'value.sluice-protobuf.plan': plan.text };
  return [readingTable(source, options, { options: format }), readingView(source)];
}

/** The statement that a view's job runs. A line L of the view's SQL is line L + 1 of it, columns are the same. */
export function toInsert(view: View): string {
  const columns = view.fields.map((field) => quoteName(field.column)).join(', ');
  // The line break before the closing parenthesis ends a comment that ends the SQL.
  return `INSERT INTO \`sink\`.${quoteName(view.topic)} (${columns}) SELECT ${columns} FROM (\n${view.sql}\n)`;
}

/** One CREATE TABLE for a person to read: the table under the name that SQL uses, without brokers and internals. */
export function createStreamDdl(source: Source): string {
  const refused = flinkRefuses(source);
  if (refused !== null) return `-- ${quoteName(source.topic)} has no table in SQL: ${refused}.`;
  const toType = source.format === 'JSON_SCHEMA' ? toFramedJsonType : toFlinkType;
  const columns = physicalColumns(source, true, toType);
  const lines = [...columns, ...virtualColumns, watermark(source), ...primaryKey(source)];
  const options = { connector: connector(source), topic: source.topic, ...formats(source) };
  return `CREATE TABLE ${quoteName(source.topic)} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n) WITH (\n${printOptions(options)}\n)`;
}

/** The value format of a table, and its columns where they are not simply the declared ones. */
interface OwnFormat {
  readonly lines?: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

function readingTable(source: Source, options: DdlOptions, own?: OwnFormat): string {
  const table = isTable(source);
  const lines = [...physicalColumns(source, false), ...virtualColumns, watermark(source), ...primaryKey(source)];
  const { 'value.format': valueFormat, ...keyFormats } = formats(source);
  const lenient =
    source.format === 'JSON' ? { 'value.json.ignore-parse-errors': 'true', ...jsonTimestamps('value') } : {};
  return createTable(`\`source\`.${quoteName(source.topic)}`, own?.lines ?? lines, {
    connector: connector(source),
    ...connection(source, options),
    'properties.isolation.level': 'read_committed',
    'scan.topic-partition-discovery.interval': '10 s',
    ...(table ? {} : { 'scan.startup.mode': options.startupMode ?? 'earliest-offset' }),
    ...(options.isBounded ? { 'scan.bounded.mode': 'latest-offset' } : {}),
    // The value holds the key's fields too. An append-only table never looks at the key: a wrong one harms nothing.
    ...(table ? { ...keyFormats, ...lenientKey(source) } : {}),
    ...(own?.options ?? { 'value.format': valueFormat ?? 'json', ...lenient }),
  });
}

/** What of the reading table the view shows, and what of its rows. */
interface Showing {
  readonly projection: readonly string[];
  readonly condition?: string;
}

function readingView(source: Source, { projection, condition }: Showing = { projection: ['*'] }): string {
  const name = quoteName(source.topic);
  const eventTime = source.kind === 'stream' ? source.eventTime.field : null;
  const present = source.fields.filter((field) => field.required || field === eventTime);
  const conditions = present.map((field) => `${quoteName(field.column)} IS NOT NULL`);
  if (condition !== undefined) conditions.unshift(condition);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `CREATE TEMPORARY VIEW IF NOT EXISTS ${name} AS SELECT ${projection.join(', ')} FROM \`source\`.${name}${where}`;
}

function writingTable(source: Source, options: DdlOptions): string {
  const exactlyOnce = source.kind === 'view' && source.guarantee === 'EXACTLY_ONCE';
  return createTable(`\`sink\`.${quoteName(source.topic)}`, [...physicalColumns(source, true), ...primaryKey(source)], {
    connector: connector(source),
    ...connection(source, options),
    ...(exactlyOnce
      ? {
          'sink.delivery-guarantee': 'exactly-once',
          'sink.transactional-id-prefix': `sluice-${source.topic}`,
          // The longest that a broker with default settings allows; Flink's own default is an hour and is refused.
          'properties.transaction.timeout.ms': '900000',
        }
      : { 'sink.delivery-guarantee': 'at-least-once' }),
    ...formats(source),
    ...(source.format === 'JSON' ? jsonTimestamps('value') : {}),
  });
}

function createTable(name: string, lines: readonly string[], options: Readonly<Record<string, string>>): string {
  return `CREATE TABLE IF NOT EXISTS ${name} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n) WITH (\n${printOptions(options)}\n)`;
}

function connector(source: Source): string {
  return isTable(source) ? 'upsert-kafka' : 'kafka';
}

function connection(source: Source, options: DdlOptions): Record<string, string> {
  const further = Object.entries(options.kafkaProperties ?? {}).map(([name, value]) => [`properties.${name}`, value]);
  return {
    topic: source.topic,
    'properties.bootstrap.servers': options.bootstrapServers,
    ...Object.fromEntries(further),
  };
}

function physicalColumns(
  source: Source,
  notNull: boolean,
  toType: (type: FieldType) => string = toFlinkType,
): readonly string[] {
  return source.fields.map(
    (field) => `${quoteName(field.column)} ${toType(field.type)}${notNull && field.required ? ' NOT NULL' : ''}`,
  );
}

function watermark(source: Source, ownColumn?: string): string {
  const { field, delayMs } = source.kind === 'stream' ? source.eventTime : { field: null, delayMs: 0 };
  const column = ownColumn ?? quoteName(field?.column ?? 'record_time');
  return `WATERMARK FOR ${column} AS ${column}${delayMs === 0 ? '' : ` - ${toInterval(delayMs)}`}`;
}

/** `INTERVAL '5' SECOND`, or with a fraction or from 100 seconds on `INTERVAL '0 00:02:00.500' DAY TO SECOND(3)`. */
function toInterval(ms: number): string {
  if (ms % 1000 === 0 && ms < 100_000) return `INTERVAL '${ms / 1000}' SECOND`;
  const days = Math.floor(ms / 86_400_000);
  const time = new Date(ms % 86_400_000).toISOString().slice(11, -1);
  return `INTERVAL '${days} ${time}' DAY TO SECOND(3)`;
}

function primaryKey(source: Source): readonly string[] {
  if (!isTable(source)) return [];
  return [`PRIMARY KEY (${source.key.map((field) => quoteName(field.column)).join(', ')}) NOT ENFORCED`];
}

/** The formats of value and key. One key field is its plain text, several are a JSON object. */
const valueFormats: Readonly<Record<Format, string>> = {
  JSON: 'json',
  RAW: 'raw',
  AVRO: 'avro-confluent',
  PROTOBUF: 'sluice-protobuf',
  // Text behind five bytes, taken apart by computed columns.
  JSON_SCHEMA: 'raw',
};

function formats(source: Source): Readonly<Record<string, string>> {
  // The key of an upsert table is its primary key.
  const named = source.key.length > 0 && !isTable(source);
  const keyFields = named ? { 'key.fields': source.key.map((field) => field.column).join(';') } : {};
  return { ...keyFormat(source), ...keyFields, 'value.format': valueFormats[source.format] };
}

function keyFormat({ key, keyFormat: declared }: Source): Readonly<Record<string, string>> {
  const [only] = key;
  if (only === undefined) return {};
  // Flink's raw format writes a BIGINT as Java's LongSerializer does.
  if (declared === 'LONG') return { 'key.format': 'raw' };
  if (declared === 'JSON') return { 'key.format': 'json', ...jsonTimestamps('key') };
  if (toFlinkType(only.type) === 'STRING') return { 'key.format': 'raw' };
  return { 'key.format': 'csv', 'key.csv.disable-quote-character': 'true' };
}

function lenientKey(source: Source): Readonly<Record<string, string>> {
  const format = keyFormat(source)['key.format'];
  return format === 'json' || format === 'csv' ? { [`key.${format}.ignore-parse-errors`]: 'true' } : {};
}

function jsonTimestamps(side: 'key' | 'value'): Readonly<Record<string, string>> {
  return { [`${side}.json.timestamp-format.standard`]: 'ISO-8601' };
}

import { describe, expect, it } from 'vitest';
import { createStreamDdl, type Model, parseModel, printFault, toDdl } from '#model';
import { readAvroColumns } from '../../../src/model/avro-columns.ts';

function modelOf(text: string): Model {
  const parsed = parseModel([{ file: 'a.graphql', text }]);
  if (!parsed.ok) throw new Error(parsed.faults.map(printFault).join('\n'));
  return parsed.model;
}

const record = (...fields: readonly object[]) => JSON.stringify({ type: 'record', name: 'R', fields });

const away = { reason: 'the schema registry is away', mayCome: true };

function tablesOf(text: string, schema: string | null) {
  const schemaOf = () => (schema === null ? away : { text: schema });
  const avro = { registryUrl: 'http://r/v7', settings: { 'bearer-auth.token': 't' }, schemaOf, revision: () => 0 };
  return toDdl(modelOf(text), { bootstrapServers: 'b:9092', avro });
}

function ddlOf(text: string, schema: string | null) {
  return tablesOf(text, schema).flatMap(({ statements }) => statements);
}

const click = 'type Click @stream(format: AVRO) { userId: ID! at: DateTime! @eventTime more: Int }';

describe('the DDL of a stream in Avro', () => {
  it('has the columns of the registered schema, and shows them under the declared types', () => {
    const at = { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } };
    const [table, view, ...others] = ddlOf(click, record({ name: 'user_id', type: 'int' }, at));
    expect(others).toEqual([]);
    expect(table).toMatchInlineSnapshot(`
      "CREATE TABLE IF NOT EXISTS \`source\`.\`clicks\` (
        \`user_id\` INT,
        \`at\` BIGINT,
        \`proctime\` AS PROCTIME(),
        \`record_time\` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
        \`record_partition\` INT METADATA FROM 'partition' VIRTUAL,
        \`record_offset\` BIGINT METADATA FROM 'offset' VIRTUAL,
        \`record_headers\` MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL,
        \`event time\` AS CAST(TO_TIMESTAMP_LTZ(\`at\` / 1000, 3) AS TIMESTAMP_LTZ(3)),
        WATERMARK FOR \`event time\` AS \`event time\`
      ) WITH (
        'connector' = 'kafka',
        'topic' = 'clicks',
        'properties.bootstrap.servers' = 'b:9092',
        'properties.isolation.level' = 'read_committed',
        'scan.topic-partition-discovery.interval' = '10 s',
        'scan.startup.mode' = 'earliest-offset',
        'value.format' = 'avro-confluent',
        'value.avro-confluent.url' = 'http://r/v7',
        'value.avro-confluent.bearer-auth.token' = 't'
      )"
    `);
    expect(view).toMatchInlineSnapshot(
      `"CREATE TEMPORARY VIEW IF NOT EXISTS \`clicks\` AS SELECT CAST(\`user_id\` AS STRING) AS \`user_id\`, \`event time\` AS \`at\`, CAST(NULL AS INT) AS \`more\`, \`proctime\`, \`record_time\`, \`record_partition\`, \`record_offset\`, \`record_headers\` FROM \`source\`.\`clicks\` WHERE \`user_id\` IS NOT NULL AND \`at\` IS NOT NULL"`,
    );
  });

  it('is missing, with the reason, where Flink has no type for a field, or the event time is no time', () => {
    const reasonOf = (schema: string | null, text = click) => tablesOf(text, schema).map(({ missing }) => missing);
    expect(reasonOf(null)).toEqual([away]);
    const never = (reason: RegExp) => [{ reason: expect.stringMatching(reason), mayCome: false }];
    expect(reasonOf(record({ name: 'at', type: 'string' }))).toEqual(never(/^its event time "at" is no timestamp/));
    expect(reasonOf(record({ name: 'at', type: ['string', 'long'] }))).toEqual(never(/^its Avro schema has what/));
    const table = 'type Rate @stream(format: AVRO, key: ["name"], cleanup: COMPACT) { name: ID! }';
    expect(reasonOf(record({ name: 'other', type: 'string' }), table)).toEqual(never(/^its key "name" is not in/));
    expect(tablesOf(click, null).flatMap(({ statements }) => statements)).toEqual([]);
  });
});

describe('the columns of an Avro schema', () => {
  it('follow the rules of Flink', () => {
    const found = readAvroColumns(
      record(
        { name: 'kind', type: { type: 'enum', name: 'K', symbols: ['A'] } },
        { name: 'again', type: ['null', 'K'] },
        { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
        { name: 'day', type: { type: 'int', logicalType: 'date' } },
        { name: 'time', type: { type: 'int', logicalType: 'time-millis' } },
        { name: 'tags', type: { type: 'array', items: ['string', 'null'] } },
        { name: 'by', type: { type: 'map', values: 'long' } },
        { name: 'pos', type: { type: 'record', name: 'P', fields: [{ name: 'x', type: 'double' }] } },
      ),
    );
    expect(
      found?.columns.map(({ name, type, isNullable }) => `${name} ${type}${isNullable ? '' : ' NOT NULL'}`),
    ).toEqual([
      'kind STRING NOT NULL',
      'again STRING',
      'price DECIMAL(9, 2) NOT NULL',
      'day DATE NOT NULL',
      'time INT NOT NULL',
      'tags ARRAY<STRING> NOT NULL',
      'by MAP<STRING NOT NULL, BIGINT NOT NULL> NOT NULL',
      'pos ROW<`x` DOUBLE NOT NULL> NOT NULL',
    ]);
    expect(found?.needsSchema).toBe(true);
    expect(found?.schema).toContain('{"name":"time","type":"int"}');
  });

  it.each([
    ['a union of several types', record({ name: 'a', type: ['int', 'string'] })],
    ['a record within itself', record({ name: 'a', type: ['null', 'R'] })],
    [
      'a decimal of more digits than Flink has',
      record({ name: 'a', type: { type: 'bytes', logicalType: 'decimal', precision: 39 } }),
    ],
    ['what is no record', '"string"'],
    ['what is no JSON', '{'],
  ])('are none for %s', (_title, schema) => {
    expect(readAvroColumns(schema)).toBeNull();
  });
});

describe('a format that Flink has not', () => {
  it('lets no view read the stream, and its DDL says why', () => {
    const stream = 'type Click @stream(format: PROTOBUF) { userId: ID! }';
    const [source] = modelOf(stream).sources;
    expect(source && createStreamDdl(source)).toMatch(/^-- `clicks` has no table in SQL: Flink has no format for /);
    const reason = expect.stringMatching(/^Flink has no format for Protobuf/);
    expect(tablesOf(stream, null)).toEqual([{ topic: 'clicks', statements: [], missing: { reason, mayCome: false } }]);
    const view = 'type Copy @view(sql: "SELECT user_id FROM clicks") { userId: ID! }';
    const parsed = parseModel([{ file: 'a.graphql', text: `${stream}\n${view}` }]);
    const messages = parsed.ok ? [] : parsed.faults.map(({ message }) => message);
    expect(messages).toEqual([expect.stringMatching(/^The SQL reads "clicks", but Flink has no format for/)]);
  });
});

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

function tablesOf(text: string, schema: string | null, hasSluiceJar = false) {
  const schemaOf = () => (schema === null ? away : { text: schema });
  const settings = { 'bearer-auth.token': 't' };
  const registry = { registryUrl: 'http://r/v7', settings, hasSluiceJar, schemaOf, revision: () => 0 };
  return toDdl(modelOf(text), { bootstrapServers: 'b:9092', registry });
}

function ddlOf(text: string, schema: string | null, hasSluiceJar = false) {
  return tablesOf(text, schema, hasSluiceJar).flatMap(({ statements }) => statements);
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

  it('is read by the format that passes over bad records where Flink has it, by the same options', () => {
    const at = { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } };
    const kind = { name: 'kind', type: { type: 'enum', name: 'K', symbols: ['A'] } };
    const [plain] = ddlOf(click, record(at, kind));
    const [own] = ddlOf(click, record(at, kind), true);
    expect(plain).toContain(`'value.avro-confluent.schema' = '{"type":"record"`);
    expect(own).toBe(plain?.replaceAll('avro-confluent', 'sluice-avro'));
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

describe('the DDL of a stream in Protobuf', () => {
  const order = 'type Order @stream(format: PROTOBUF) { orderId: ID! at: DateTime! @eventTime }';

  it('has the declared columns, and the plan by which they are read', () => {
    const [table, view, ...others] = ddlOf(order, '{"paths":"it\'s"}', true);
    expect(others).toEqual([]);
    expect(table).toMatchInlineSnapshot(`
      "CREATE TABLE IF NOT EXISTS \`source\`.\`orders\` (
        \`order_id\` STRING,
        \`at\` TIMESTAMP_LTZ(3),
        \`proctime\` AS PROCTIME(),
        \`record_time\` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
        \`record_partition\` INT METADATA FROM 'partition' VIRTUAL,
        \`record_offset\` BIGINT METADATA FROM 'offset' VIRTUAL,
        \`record_headers\` MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL,
        WATERMARK FOR \`at\` AS \`at\`
      ) WITH (
        'connector' = 'kafka',
        'topic' = 'orders',
        'properties.bootstrap.servers' = 'b:9092',
        'properties.isolation.level' = 'read_committed',
        'scan.topic-partition-discovery.interval' = '10 s',
        'scan.startup.mode' = 'earliest-offset',
        'value.format' = 'sluice-protobuf',
        'value.sluice-protobuf.plan' = '{"paths":"it''s"}'
      )"
    `);
    expect(view).toMatch(/^CREATE TEMPORARY VIEW .* WHERE `order_id` IS NOT NULL AND `at` IS NOT NULL$/);
    const [source] = modelOf(order).sources;
    expect(source && createStreamDdl(source)).toContain("'value.format' = 'sluice-protobuf'");
  });

  it('of a compacted topic makes a table by its keys', () => {
    const rate = 'type Rate @stream(format: PROTOBUF, key: ["name"], cleanup: COMPACT) { name: ID! rate: Float }';
    const [table] = ddlOf(rate, '{}', true);
    expect(table).toContain("'connector' = 'upsert-kafka'");
    expect(table).toContain('PRIMARY KEY (`name`) NOT ENFORCED');
    expect(table).toContain("'value.sluice-protobuf.plan' = '{}'");
  });

  it('is missing where Flink lacks the format, which says what to do, and where there is no plan', () => {
    const missing = {
      reason: expect.stringMatching(/`npx sluice flink-jar` .* FLINK_SLUICE_JAR=true/),
      mayCome: false,
    };
    expect(tablesOf(order, '{}')).toEqual([{ topic: 'orders', statements: [], missing }]);
    expect(tablesOf(order, null, true)).toEqual([{ topic: 'orders', statements: [], missing: away }]);
    expect(toDdl(modelOf(order), { bootstrapServers: 'b:9092' })[0]?.missing?.reason).toBe(
      'no schema registry is known here',
    );
  });

  it('lets views read the stream, but none a table whose key is in Avro', () => {
    const view = 'type Copy @view(sql: "SELECT order_id FROM orders") { orderId: ID! }';
    expect(parseModel([{ file: 'a.graphql', text: `${order}\n${view}` }]).ok).toBe(true);
    const table = order.replace('PROTOBUF', 'PROTOBUF, key: ["orderId"], keyFormat: AVRO, cleanup: COMPACT');
    const parsed = parseModel([{ file: 'a.graphql', text: `${table}\n${view}` }]);
    const messages = parsed.ok ? [] : parsed.faults.map(({ message }) => message);
    expect(messages).toEqual([expect.stringMatching(/^The SQL reads "orders", but Flink cannot make a primary key/)]);
  });
});

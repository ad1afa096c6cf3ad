import { describe, expect, it } from 'vitest';
import { createStreamDdl, type Model, parseModel, printFault, refuseSink, toDdl } from '#model';

function modelOf(text: string): Model {
  const parsed = parseModel([{ file: 'a.graphql', text }]);
  if (!parsed.ok) throw new Error(parsed.faults.map(printFault).join('\n'));
  return parsed.model;
}

function statementsOf(text: string): readonly string[] {
  return toDdl(modelOf(text), { bootstrapServers: 'b:9092' }).flatMap(({ statements }) => statements);
}

const click = `type Click @stream(format: JSON_SCHEMA, key: ["userId"]) {
  userId: ID! at: DateTime! @eventTime(delay: "PT5S") spots: [Spot!]
}
type Spot { x: Int }`;

describe('the DDL of a stream in JSON_SCHEMA', () => {
  it('takes the text behind five bytes apart by functions, and has no table to write to', () => {
    const [table, view, ...others] = statementsOf(click);
    expect(others).toEqual([]);
    expect(table).toMatchInlineSnapshot(`
      "CREATE TABLE IF NOT EXISTS \`source\`.\`clicks\` (
        \`record;bytes\` STRING,
        \`record;text\` AS DECODE(ENCODE(SUBSTRING(\`record;bytes\` FROM 6), 'ISO-8859-1'), 'UTF-8'),
        \`user_id\` AS JSON_VALUE(DECODE(ENCODE(SUBSTRING(\`record;bytes\` FROM 6), 'ISO-8859-1'), 'UTF-8'), '$["user_id"]'),
        \`at\` AS TRY_CAST(REPLACE(REGEXP_EXTRACT(JSON_VALUE(SUBSTRING(\`record;bytes\` FROM 6), '$["at"]'), '^([0-9-]{10}T[0-9:.]+)Z$', 1), 'T', ' ') AS TIMESTAMP_LTZ(3)),
        \`spots\` AS JSON_QUERY(DECODE(ENCODE(SUBSTRING(\`record;bytes\` FROM 6), 'ISO-8859-1'), 'UTF-8'), '$["spots"]'),
        \`proctime\` AS PROCTIME(),
        \`record_time\` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
        \`record_partition\` INT METADATA FROM 'partition' VIRTUAL,
        \`record_offset\` BIGINT METADATA FROM 'offset' VIRTUAL,
        \`record_headers\` MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL,
        WATERMARK FOR \`at\` AS \`at\` - INTERVAL '5' SECOND
      ) WITH (
        'connector' = 'kafka',
        'topic' = 'clicks',
        'properties.bootstrap.servers' = 'b:9092',
        'properties.isolation.level' = 'read_committed',
        'scan.topic-partition-discovery.interval' = '10 s',
        'scan.startup.mode' = 'earliest-offset',
        'value.format' = 'raw',
        'value.raw.charset' = 'ISO-8859-1'
      )"
    `);
    expect(view).toMatchInlineSnapshot(
      `"CREATE TEMPORARY VIEW IF NOT EXISTS \`clicks\` AS SELECT \`user_id\`, \`at\`, \`spots\`, \`proctime\`, \`record_time\`, \`record_partition\`, \`record_offset\`, \`record_headers\` FROM \`source\`.\`clicks\` WHERE \`user_id\` IS NOT NULL AND \`at\` IS NOT NULL"`,
    );
  });

  it('reads the primary key of a compacted stream from the record key', () => {
    const [table] = statementsOf(
      'type Rate @stream(format: JSON_SCHEMA, key: ["n"], cleanup: COMPACT) { n: Int! v: Float }',
    );
    expect(table).toContain('(\n  `n` INT,\n  `record;bytes` STRING,\n');
    expect(table).toContain("'value.fields-include' = 'EXCEPT_KEY'");
    expect(table).toContain("'connector' = 'upsert-kafka'");
  });

  it('makes paths of whatever columns there are', () => {
    const [table] = statementsOf(
      'type A @stream(format: JSON_SCHEMA) { a: DateTime @eventTime @column(name: "größe") b: Int @column(name: "it\'s \\"b\\"") }',
    );
    expect(table).toContain(`'$["it''s \\"b\\""]'`);
    // In the text that has a character for every byte the name is written otherwise.
    expect(table).toContain(`'$["${Buffer.from('größe').toString('latin1')}"]'`);
  });

  it('is shown with the types that SQL sees', () => {
    const [source] = modelOf(click).sources;
    expect(source && createStreamDdl(source)).toContain('`spots` STRING,');
    expect(source && createStreamDdl(source)).toContain("'value.format' = 'raw'");
  });
});

describe('what SQL cannot write to', () => {
  it.each(['AVRO', 'PROTOBUF', 'JSON_SCHEMA'])('is a stream of format %s', (format) => {
    const [source] = modelOf(`type Click @stream(format: ${format}) { userId: ID! }`).sources;
    expect(source && refuseSink(source)).toMatch(
      `"clicks" has format ${format}, which Flink cannot write with a schema registry. Produce with the API`,
    );
  });

  it('is a stream with keys in Avro, and no other', () => {
    const [source] = modelOf('type Click @stream(key: ["userId"], keyFormat: AVRO) { userId: ID! }').sources;
    expect(source && refuseSink(source)).toContain('"clicks" has keyFormat AVRO');
    const [plain] = modelOf('type Click @stream { userId: ID! }').sources;
    expect(plain && refuseSink(plain)).toBeNull();
  });
});

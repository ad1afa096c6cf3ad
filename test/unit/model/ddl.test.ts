import { describe, expect, it } from 'vitest';
import {
  createStreamDdl,
  kafkaSourcesOf,
  type Model,
  parseModel,
  printFault,
  sessionProperties,
  toDdl,
  toInsert,
  toTopicSettings,
} from '#model';

function modelOf(text: string): Model {
  const parsed = parseModel([{ file: 'a.graphql', text }]);
  if (!parsed.ok) throw new Error(parsed.faults.map(printFault).join('\n'));
  return parsed.model;
}

function statementsOf(
  text: string,
  options: { startupMode?: 'latest-offset'; kafkaProperties?: Record<string, string> } = {},
) {
  const [first] = toDdl(modelOf(text), { bootstrapServers: 'b:9092', ...options });
  const [reading = '', view = '', writing = ''] = first?.statements ?? [];
  return { reading, view, writing };
}

const click = `type Click @stream(key: ["userId"]) {
  userId: ID! url: String @column(name: "it's") at: DateTime @eventTime(delay: "PT5S")
}`;

describe('a stream in Redis', () => {
  const declared = (more: string) =>
    modelOf(`type Sale @stream(source: REDIS, stream: "orders"${more}) { id: ID! at: DateTime @eventTime }`);

  it('has no table and wants no topic', () => {
    const model = declared('');
    expect(toDdl(model, { bootstrapServers: 'b:9092' })).toEqual([]);
    expect(kafkaSourcesOf(model)).toEqual([]);
  });

  it('that is copied has the topic and the table of its copy, and itself no key', () => {
    const model = declared(', into: "sales", key: "id", partitions: 2, retention: "P1D"');
    const [copy] = kafkaSourcesOf(model);
    expect(copy && toTopicSettings(copy)).toEqual({
      topic: 'sales',
      partitions: 2,
      retentionMs: 86_400_000,
      cleanup: 'DELETE',
    });
    const [ddl] = toDdl(model, { bootstrapServers: 'b:9092' });
    expect(ddl?.topic).toBe('sales');
    expect(ddl?.statements).toEqual([
      expect.stringContaining('CREATE TABLE IF NOT EXISTS `source`.`sales`'),
      expect.stringContaining('CREATE TEMPORARY VIEW IF NOT EXISTS `sales`'),
      expect.stringContaining("'key.fields' = 'id'"),
    ]);
    const [sale] = model.sources;
    expect(sale).toMatchObject({ topic: 'stream:orders', key: [], redis: { name: 'orders', keptMs: 86_400_000 } });
    expect(copy?.key.map(({ name }) => name)).toEqual(['id']);
  });

  it('that is copied can be read by a view, under the name of the topic', () => {
    const model = modelOf(`
      type Alert @stream(source: REDIS, pattern: "alerts.*", into: "alerts", retention: "PT1H") { id: ID! }
      type Copy @view(sql: "SELECT id FROM alerts") { id: ID! }`);
    expect(model.sources).toMatchObject([{ typeName: 'Alert' }, { typeName: 'Copy', reads: ['alerts'] }]);
  });
});

describe('the DDL of a stream', () => {
  it('reads whatever lies in the topic: every column nullable, bad JSON skipped, the key not looked at', () => {
    expect(statementsOf(click).reading).toMatchInlineSnapshot(`
      "CREATE TABLE IF NOT EXISTS \`source\`.\`clicks\` (
        \`user_id\` STRING,
        \`it's\` STRING,
        \`at\` TIMESTAMP_LTZ(3),
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
        'value.format' = 'json',
        'value.json.ignore-parse-errors' = 'true',
        'value.json.timestamp-format.standard' = 'ISO-8601'
      )"
    `);
  });

  it('is the same whatever becomes of bad records: none of them ends a job', () => {
    const ddlOf = (more: string) => statementsOf(`type A @stream(${more}) { a: Int! }`);
    const reported = ddlOf('onBadRecord: REPORT');
    expect(ddlOf('onBadRecord: SKIP')).toEqual(reported);
    expect(ddlOf('onBadRecord: DEAD_LETTER')).toEqual(reported);
  });

  it('hides records without a required field or event time from SQL that people write', () => {
    expect(statementsOf(click).view).toBe(
      'CREATE TEMPORARY VIEW IF NOT EXISTS `clicks` AS SELECT * FROM `source`.`clicks` WHERE `user_id` IS NOT NULL AND `at` IS NOT NULL',
    );
    expect(statementsOf('type A @stream { a: Int }').view).not.toContain('WHERE');
  });

  it('writes with the key as plain text', () => {
    expect(statementsOf(click).writing).toMatchInlineSnapshot(`
      "CREATE TABLE IF NOT EXISTS \`sink\`.\`clicks\` (
        \`user_id\` STRING NOT NULL,
        \`it's\` STRING,
        \`at\` TIMESTAMP_LTZ(3)
      ) WITH (
        'connector' = 'kafka',
        'topic' = 'clicks',
        'properties.bootstrap.servers' = 'b:9092',
        'sink.delivery-guarantee' = 'at-least-once',
        'key.format' = 'raw',
        'key.fields' = 'user_id',
        'value.format' = 'json',
        'value.json.timestamp-format.standard' = 'ISO-8601'
      )"
    `);
  });

  it('takes the start and further client settings, and quotes what is quoted', () => {
    const { reading, writing } = statementsOf(click, {
      startupMode: 'latest-offset',
      kafkaProperties: { 'sasl.jaas.config': "password='x'" },
    });
    expect(reading).toContain("'scan.startup.mode' = 'latest-offset'");
    for (const statement of [reading, writing]) {
      expect(statement).toContain("'properties.sasl.jaas.config' = 'password=''x'''");
    }
  });

  it('waits for late events as long as declared', () => {
    const watermark = (delay: string) =>
      statementsOf(`type A @stream { at: DateTime @eventTime(delay: "${delay}") }`).reading;
    expect(watermark('PT0S')).toContain('WATERMARK FOR `at` AS `at`\n');
    expect(watermark('PT1M39S')).toContain("`at` - INTERVAL '99' SECOND\n");
    expect(watermark('P2DT3H4M5.006S')).toContain("`at` - INTERVAL '2 03:04:05.006' DAY TO SECOND(3)\n");
  });

  it('writes a key of another type as plain text too, and several fields as a JSON object', () => {
    expect(statementsOf('type A @stream(key: ["n"]) { n: Int! }').writing).toContain(
      "'key.format' = 'csv',\n  'key.csv.disable-quote-character' = 'true',\n  'key.fields' = 'n'",
    );
    expect(statementsOf('type A @stream(key: ["n", "m"]) { n: Int! m: ID! }').writing).toContain(
      "'key.format' = 'json',\n  'key.json.timestamp-format.standard' = 'ISO-8601',\n  'key.fields' = 'n;m'",
    );
  });

  it('is raw for RAW', () => {
    const { reading, writing } = statementsOf('type Line @stream(format: RAW) { line: String! }');
    expect(reading).toContain("'value.format' = 'raw'\n)");
    expect(writing).toContain("'value.format' = 'raw'\n)");
  });

  it('is an upsert table for a compacted stream', () => {
    const { reading, writing } = statementsOf('type Rate @stream(key: ["n"], cleanup: COMPACT) { n: Int! v: Float! }');
    for (const statement of [reading, writing]) {
      expect(statement).toContain("'connector' = 'upsert-kafka'");
      expect(statement).toContain('PRIMARY KEY (`n`) NOT ENFORCED');
      expect(statement).not.toContain('key.fields');
    }
    expect(reading).toContain("'key.csv.ignore-parse-errors' = 'true'");
    expect(reading).not.toContain('scan.startup.mode');
  });
});

describe('the DDL of a view', () => {
  const view =
    'type A @stream { userId: ID }\ntype V @view(guarantee: EXACTLY_ONCE, sql: "SELECT user_id FROM `as` -- all") { userId: ID }';

  it('writes in transactions when it is exactly once', () => {
    const [, second] = toDdl(modelOf(view), { bootstrapServers: 'b' });
    expect(second?.topic).toBe('vs');
    expect(second?.statements[2]).toContain(
      "'sink.delivery-guarantee' = 'exactly-once',\n  'sink.transactional-id-prefix' = 'sluice-vs',\n  'properties.transaction.timeout.ms' = '900000'",
    );
  });

  it('inserts the declared columns of its SQL, one line below', () => {
    const [, second] = modelOf(view).sources;
    expect(second?.kind === 'view' && toInsert(second)).toBe(
      'INSERT INTO `sink`.`vs` (`user_id`) SELECT `user_id` FROM (\nSELECT user_id FROM `as`\n)',
    );
  });
});

describe('what a person is shown', () => {
  it('is one CREATE TABLE under the name that SQL uses, without brokers', () => {
    const [source] = modelOf(click).sources;
    expect(source && createStreamDdl(source)).toMatchInlineSnapshot(`
      "CREATE TABLE \`clicks\` (
        \`user_id\` STRING NOT NULL,
        \`it's\` STRING,
        \`at\` TIMESTAMP_LTZ(3),
        \`proctime\` AS PROCTIME(),
        \`record_time\` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
        \`record_partition\` INT METADATA FROM 'partition' VIRTUAL,
        \`record_offset\` BIGINT METADATA FROM 'offset' VIRTUAL,
        \`record_headers\` MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL,
        WATERMARK FOR \`at\` AS \`at\` - INTERVAL '5' SECOND
      ) WITH (
        'connector' = 'kafka',
        'topic' = 'clicks',
        'key.format' = 'raw',
        'key.fields' = 'user_id',
        'value.format' = 'json'
      )"
    `);
  });
});

describe('a session', () => {
  it('is in UTC and lets no idle partition hold a window back', () => {
    expect(sessionProperties({ idleTimeoutMs: 500 })).toMatchObject({
      'table.local-time-zone': 'UTC',
      'table.exec.source.idle-timeout': '500 ms',
    });
    expect(sessionProperties()['table.exec.source.idle-timeout']).toBe('5000 ms');
  });
});

describe('topic settings', () => {
  it('are those of the declaration', () => {
    const [source] = modelOf(
      'type A @stream(key: ["n"], cleanup: COMPACT, partitions: 3, retention: "PT1H") { n: Int! }',
    ).sources;
    expect(source && toTopicSettings(source)).toEqual({
      topic: 'as',
      partitions: 3,
      retentionMs: 3_600_000,
      cleanup: 'COMPACT',
    });
  });
});

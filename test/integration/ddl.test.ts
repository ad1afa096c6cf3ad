import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  checkViewColumns,
  type Model,
  parseModel,
  printFault,
  sessionProperties,
  sessionStatements,
  toDdl,
  toInsert,
  type View,
} from '#model';
import { onceEach } from '../support/kafka.ts';

const { kafka: bootstrapServers, flinkRest, sqlGateway } = inject('endpoints');
const run = `ddl_${process.pid}_${Date.now()}`;

const fields = `
  id: ID! text: String! whole: Int! big: BigInt! float: Float! truth: Boolean! instant: DateTime! day: Date! time: Time!
  decimal: Decimal! bytes: Bytes! json: JSON! colour: Colour! words: [String!]! nested: Inner! rows: [Inner!]!
  optText: String optWhole: Int optBig: BigInt optFloat: Float optTruth: Boolean optInstant: DateTime optDay: Date
  optTime: Time optDecimal: Decimal optBytes: Bytes optJson: JSON optColour: Colour optWords: [String] optNested: Inner
  optId: ID instants: [DateTime!] grid: [[Int]] quoted: String @column(name: "it's \`quoted\`")
`;
const declaration = `
enum Colour { RED GREEN }
type Inner { n: Int! instant: DateTime colour: Colour words: [String!] deep: Deep }
type Deep { bytes: Bytes decimal: Decimal }
type Every @stream(topic: "${run}_every", key: ["id"]) { ${fields.replace('instant: DateTime!', 'instant: DateTime! @eventTime(delay: "PT1.5S")')} }
type Copy @view(topic: "${run}_copy", sql: "SELECT * FROM ${run}_every") { ${fields} }
type Keyed @view(topic: "${run}_keyed", key: ["id"], sql: "SELECT * FROM ${run}_copy") { ${fields} }
type Again @view(topic: "${run}_again", key: ["whole", "instant"], sql: "SELECT * FROM ${run}_keyed") { ${fields} }
type Compacted @stream(topic: "${run}_compacted", key: ["n"], cleanup: COMPACT) { n: Int! at: DateTime @eventTime }
type ByDay @stream(topic: "${run}_by_day", key: ["day"], cleanup: COMPACT) { day: Date! }
type ByTruth @stream(topic: "${run}_by_truth", key: ["truth"]) { truth: Boolean! }
type RawText @stream(topic: "${run}.raw-text", format: RAW) { line: String }
type RawBytes @stream(topic: "${run}.raw-bytes", format: RAW, key: ["line"]) { line: String! }
type Lines @view(topic: "${run}_lines", guarantee: EXACTLY_ONCE, sql: "SELECT line FROM \`${run}.raw-text\` -- a comment") { line: String! }
`;

const inner = {
  n: 1,
  instant: '2026-01-31T12:00:00.5Z',
  colour: 'RED',
  words: ['w'],
  deep: { bytes: 'AQI=', decimal: 0.25 },
};
const full = {
  id: 'a',
  text: 'é"\n',
  whole: -2147483648,
  big: 9007199254740991,
  float: 1.5,
  truth: true,
  instant: '2026-01-31T12:34:56.789Z',
  day: '2026-01-31',
  time: '13:45:00',
  decimal: 12.5,
  bytes: 'AQID',
  json: '{"a":[1,null]}',
  colour: 'GREEN',
  words: ['x', 'y'],
  nested: inner,
  rows: [inner, inner],
  opt_text: 't',
  opt_whole: 2147483647,
  opt_big: -1,
  opt_float: 0.1,
  opt_truth: false,
  opt_instant: '1970-01-01T00:00:00Z',
  opt_day: '1970-01-01',
  opt_time: '00:00:00',
  opt_decimal: -0.000000001,
  opt_bytes: '',
  opt_json: '"text"',
  opt_colour: 'RED',
  opt_words: ['a', null],
  opt_nested: inner,
  opt_id: 'i',
  instants: ['2026-01-31T12:00:00Z'],
  grid: [[1, null], []],
  "it's `quoted`": 'q',
};
const required = Object.fromEntries(
  Object.entries(full).map(([name, value]) => [
    name,
    name.startsWith('opt_') || ['instants', 'grid', "it's `quoted`"].includes(name) ? null : value,
  ]),
);
const sparse = {
  ...required,
  id: 'b',
  nested: { n: 2, instant: null, colour: null, words: null, deep: null },
  rows: [],
};

const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING });
const jobs: string[] = [];
const model = modelOf(declaration);
let session = '';

beforeAll(async () => {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: model.sources.map(({ topic }) => ({ topic, numPartitions: 1 })) });
  await admin.disconnect();
  const opened = await request<{ sessionHandle: string }>(`${sqlGateway}/v3/sessions`, {
    properties: sessionProperties(),
  });
  session = opened.sessionHandle;
});

afterAll(async () => {
  await Promise.all(jobs.map((id) => fetch(`${flinkRest}/jobs/${id}?mode=cancel`, { method: 'PATCH' })));
  if (session !== '') await fetch(`${sqlGateway}/v3/sessions/${session}`, { method: 'DELETE' });
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: model.sources.map(({ topic }) => topic) });
  await admin.disconnect();
});

describe('the DDL of every type', () => {
  it('Flink accepts every statement', async () => {
    for (const statement of sessionStatements) await execute(statement);
    for (const { statements } of toDdl(model, { bootstrapServers })) {
      for (const statement of statements) await execute(statement);
    }
  });

  it('what Flink infers for a view of every type fits the declared fields', async () => {
    for (const view of views()) {
      await execute(`CREATE TEMPORARY VIEW checked AS ${view.sql}`);
      const { rows } = await execute('DESCRIBE checked');
      await execute('DROP TEMPORARY VIEW checked');
      const columns = rows.map(([name, type, nullable]) => ({
        name: String(name),
        type: String(type),
        nullable: nullable === true,
      }));
      expect(checkViewColumns(view, columns)).toEqual([]);
    }
  });

  it('a record of every type passes through sinks and sources, stream, view and tables, unchanged', async () => {
    for (const view of views()) {
      const { jobId } = await execute(toInsert(view), {
        'parallelism.default': '1',
        'execution.checkpointing.interval': '1 s',
      });
      if (jobId !== null) jobs.push(jobId);
    }
    expect(jobs).toHaveLength(4);
    const producer = kafka.producer(onceEach);
    await producer.connect();
    const messages = [
      { value: 'not JSON' },
      { value: null },
      { key: 'a', value: JSON.stringify({ ...full, json: { a: [1, null] } }) },
      { value: JSON.stringify({ ...full, instant: null }) },
      { key: 'b', value: JSON.stringify(sparse) },
    ];
    await producer.send({ topic: `${run}_every`, messages });
    await producer.send({ topic: `${run}.raw-text`, messages: [{ value: 'a line' }, { value: null }] });
    await producer.disconnect();
    for (const topic of ['copy', 'keyed', 'again']) {
      const records = await read(`${run}_${topic}`, 2);
      const values = records.map(({ value }) => JSON.parse(value ?? 'null'));
      expect(values.sort((left, right) => left.id.localeCompare(right.id))).toEqual([full, sparse]);
    }
    expect((await read(`${run}_keyed`, 2)).map(({ key }) => key).sort()).toEqual(['a', 'b']);
    expect((await read(`${run}_again`, 1))[0]?.key).toBe('{"whole":-2147483648,"instant":"2026-01-31T12:34:56.789Z"}');
    expect((await read(`${run}_lines`, 1)).map(({ value }) => value)).toEqual(['{"line":"a line"}']);
  });
});

describe('the DDL of streams in JSON_SCHEMA', () => {
  const framed = (body: string | Buffer) =>
    Buffer.concat([Buffer.from([0, 0xff, 0xe2, 0x82, 0x7b]), Buffer.from(body)]);
  const types = `
    id: ID! text: String whole: Int big: BigInt float: Float truth: Boolean instant: DateTime @eventTime(delay: "PT1S")
    day: Date time: Time decimal: Decimal bytes: Bytes json: JSON colour: Shade words: [String] numbers: [BigInt]
    amounts: [Decimal] nested: Part parts: [Part!] instants: [DateTime] other: DateTime odd: Int @column(name: "gr\\"ö\\\\ße")
  `;
  const model = modelOf(`
    enum Shade { RED }
    type Part { n: BigInt bytes: Bytes colours: [Shade!] grid: [[Int]] deep: Deepest }
    type Deepest { amount: Decimal }
    type All @stream(topic: "${run}_framed", format: JSON_SCHEMA) { ${types} }
    type Row @stream(topic: "${run}_framed_rows", format: JSON_SCHEMA, key: ["id"], cleanup: COMPACT) { id: ID! n: Int! }
  `);
  const part =
    '{"n":9007199254740993,"bytes":"gP8=","colours":["RED"],"grid":[[1,null]],"deep":{"amount":0.000000001}}';
  const good = `{"id":"a","text":"é\\u20ac\\"😀\\n","whole":-2147483648,"big":9223372036854775807,"float":1.5e300,"truth":true,
    "instant":"2026-01-31T12:34:56.789Z","day":"2026-01-31","time":"13:45:00","bytes":"AIH/","colour":"RED",
    "decimal":12345678901234567890123456789.123456789,"json":{"a":[9007199254740993,1.10,null]},"words":["x",null],
    "numbers":[9223372036854775807,null],"amounts":[1E+2,0.10],"nested":${part},"parts":[${part}],
    "instants":["2026-01-31T12:00:00Z"],"other":"2026-01-31T12:00:00Z","gr\\"ö\\\\ße":7}`;
  const odd = `{"id":5,"text":{"a":1},"whole":"x","big":1e30,"float":"x","truth":"x","day":"x","time":"x","decimal":"x",
    "bytes":"!!!","json":"t","words":5,"numbers":["x"],"nested":[],"parts":null,"other":"2026-01-31 12:00:00",
    "instant":"2026-01-31T12:34:57Z"}`;
  const bad = ['no frame', null, '', framed(''), framed('no JSON'), framed('[1]'), framed('{"id":null}')];

  beforeAll(async () => {
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: model.sources.map(({ topic }) => ({ topic, numPartitions: 1 })) });
    await admin.disconnect();
    const producer = kafka.producer(onceEach);
    await producer.connect();
    const values = [...bad, framed(good), framed(odd), framed(`{"id":"later","instant":"2026-01-31T12:34:58Z"}`)];
    await producer.send({ topic: `${run}_framed`, messages: values.map((value) => ({ value })) });
    const row = (key: string, value: string | null) => ({ key, value: value && framed(value) });
    const rows = [
      row('a', '{"id":"a","n":1}'),
      row('b', '{"id":"b","n":2}'),
      row('a', '{"id":"a","n":3}'),
      row('b', null),
    ];
    await producer.send({ topic: `${run}_framed_rows`, messages: rows });
    await producer.disconnect();
    for (const statement of sessionStatements) await execute(statement);
    for (const { statements } of toDdl(model, { bootstrapServers, isBounded: true })) {
      for (const statement of statements) await execute(statement);
    }
  });
  afterAll(async () => {
    const admin = kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: model.sources.map(({ topic }) => topic) });
    await admin.disconnect();
  });

  it('every type is read exactly, what does not fit is null, and what is no JSON is left out', async () => {
    const exact = ['big', '`decimal`', 'numbers[1]', 'amounts[1]', 'nested.n', 'nested.deep.amount', 'other'];
    const plain = [
      'id',
      'text',
      'whole',
      'float',
      'truth',
      'day',
      'time',
      'bytes',
      'json',
      'colour',
      'words',
      'instants',
    ];
    const columns = [
      ...exact.map((column) => `CAST(${column} AS STRING)`),
      ...plain.map((column) => `\`${column}\``),
      'nested.`bytes`',
      'nested.`colours`',
      'nested.`grid`',
      'parts',
      '`gr"ö\\ße`',
    ];
    const { rows } = await execute(`SELECT ${columns.join(', ')} FROM \`${run}_framed\``);
    const partText = '{"bytes":"gP8=","colours":["RED"],"deep":{"amount":1E-9},"grid":[[1,null]],"n":9007199254740993}';
    expect(rows).toEqual([
      [
        ...['9223372036854775807', '12345678901234567890123456789.123456789', '9223372036854775807', '100.000000000'],
        ...['9007199254740993', '0.000000001', '2026-01-31 12:00:00.000', 'a', 'é€"😀\n', -2147483648, 1.5e300, true],
        ...['2026-01-31', '13:45:00', 'AIH/', '{"a":[9007199254740993,1.10,null]}', 'RED', ['x', null]],
        ...['["2026-01-31T12:00:00Z"]', 'gP8=', ['RED'], '[[1,null]]', `[${partText}]`, 7],
      ],
      [...Array(7).fill(null), '5', ...Array(7).fill(null), 't', ...Array(8).fill(null)],
      [...Array(7).fill(null), 'later', ...Array(16).fill(null)],
    ]);
  });

  it('the event time makes windows', async () => {
    const window = `TUMBLE(TABLE \`${run}_framed\`, DESCRIPTOR(instant), INTERVAL '2' SECOND)`;
    const { rows } = await execute(
      `SELECT CAST(window_start AS STRING), COUNT(*) FROM TABLE(${window}) GROUP BY window_start, window_end`,
    );
    expect(rows).toEqual([
      ['2026-01-31 12:34:56.000', 2],
      ['2026-01-31 12:34:58.000', 1],
    ]);
  });

  it('a compacted one is a table with the row of each key', async () => {
    const { rows } = await execute(`SELECT MAX(n), COUNT(*) FROM \`${run}_framed_rows\``);
    expect(rows.at(-1)).toEqual([3, 1]);
  });
});

function modelOf(text: string): Model {
  const parsed = parseModel([{ file: 'every.graphql', text }]);
  if (!parsed.ok) throw new Error(parsed.faults.map(printFault).join('\n'));
  return parsed.model;
}

function views(): readonly View[] {
  return model.sources.filter((source) => source.kind === 'view');
}

interface Page {
  readonly resultType: 'NOT_READY' | 'PAYLOAD' | 'EOS';
  readonly jobID?: string;
  readonly nextResultUri?: string;
  readonly results?: { readonly data: readonly { readonly fields: readonly unknown[] }[] };
}

async function execute(statement: string, executionConfig: Record<string, string> = {}) {
  const base = `${sqlGateway}/v3/sessions/${session}`;
  const { operationHandle } = await request<{ operationHandle: string }>(`${base}/statements`, {
    statement,
    executionConfig,
  });
  const rows: (readonly unknown[])[] = [];
  let jobId: string | null = null;
  let next: string | undefined = `/v3/sessions/${session}/operations/${operationHandle}/result/0?rowFormat=JSON`;
  while (next !== undefined) {
    const page: Page = await request<Page>(sqlGateway + next);
    if (page.resultType === 'NOT_READY') await delay(20);
    jobId = page.jobID ?? jobId;
    rows.push(...(page.results?.data ?? []).map((row) => row.fields));
    next = page.nextResultUri;
  }
  return { rows, jobId };
}

async function request<T>(url: string, body?: object): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${text.split('Caused by: ').at(-1)?.slice(0, 1000)}`);
  return JSON.parse(text);
}

/** Reads a topic from its beginning until it has so many records; the test's timeout bounds it. */
async function read(
  topic: string,
  count: number,
): Promise<readonly { readonly key: string | null; readonly value: string | null }[]> {
  const consumer = kafka.consumer({ groupId: `${topic}-${crypto.randomUUID()}` });
  const records: { key: string | null; value: string | null }[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  await consumer.run({
    eachMessage: async ({ message }) => {
      records.push({ key: message.key?.toString() ?? null, value: message.value?.toString() ?? null });
      if (records.length === count) resolve();
    },
  });
  await promise;
  await consumer.disconnect();
  return records;
}

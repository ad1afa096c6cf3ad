import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import avsc from 'avsc';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { pino } from 'pino';
import protobuf from 'protobufjs';
import { describe, expect, inject, it } from 'vitest';
import { loadConfig } from '#config';
import { loadModel, type Model } from '#model';
import { checkDeclarations } from '../../src/check-declarations.ts';
import { importTopics } from '../../src/import-topics.ts';
import { post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { framed, openFakeRegistry } from '../support/fake-registry.ts';
import { openOwnGateway, runGateway } from '../support/gateway.ts';
import { onceEach } from '../support/kafka.ts';

interface Seed {
  readonly messages: readonly Message[];
  readonly partitions?: number;
  readonly compacted?: boolean;
}

const avroSchema = {
  type: 'record',
  name: 'Reading',
  namespace: 'org.plant',
  doc: 'What a sensor says.',
  fields: [
    { name: 'sensor_id', type: 'string', doc: 'Which sensor.' },
    { name: 'value', type: ['null', 'double'], default: null },
    { name: 'counted', type: 'long' },
    { name: 'read_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['FINE', 'WORN'] } },
    { name: 'place', type: { type: 'record', name: 'Place', fields: [{ name: 'hall', type: 'int' }] } },
    { name: 'tags', type: { type: 'array', items: 'string' } },
  ],
} as const;
const protoSchema = `syntax = "proto3";
package plant;
// One alarm.
message Alarm {
  string alarm_id = 1; // Which alarm.
  int32 level = 2;
  int64 at_ms = 3;
  Source source = 4;
  repeated string notes = 5;
  enum Kind { KIND_UNKNOWN = 0; FIRE = 1; }
  Kind kind = 6;
}
message Source { string hall = 1; }
`;
const jsonSchema = {
  title: 'Order',
  type: 'object',
  required: ['order_id', 'total'],
  properties: {
    order_id: { type: 'string', description: 'Which order.' },
    total: { type: 'number' },
    placed_on: { type: 'string', format: 'date' },
    lines: { type: 'array', items: { type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } } },
  },
};
const keySchema = { type: 'record', name: 'Key', fields: [{ name: 'part_no', type: 'string' }] } as const;
const otherSchema = { type: 'record', name: 'Other', fields: [{ name: 'n', type: 'int' }] } as const;
const ids = { avro: 11, proto: 12, json: 13, key: 14, unbound: 15, other: 16 };

function avroRecords(id: number): readonly Message[] {
  const type = avsc.Type.forSchema(avroSchema as unknown as avsc.Schema);
  return [1, 2, 3].map((number) => {
    const reading = { sensor_id: `s${number}`, value: null, counted: number, read_at: 1_700_000_000_000 + number };
    const whole = { ...reading, state: 'FINE', place: { hall: number }, tags: ['a'] };
    return { key: `s${number}`, value: framed(id, type.toBuffer(whole)) };
  });
}

function protoRecords(): readonly Message[] {
  const { root } = protobuf.parse(protoSchema, { keepCase: true });
  const type = root.lookupType('plant.Alarm');
  return [1, 2].map((number) => {
    const alarm = {
      alarm_id: `a${number}`,
      level: number,
      at_ms: number,
      source: { hall: 'h' },
      notes: ['n'],
      kind: 1,
    };
    const body = type.encode(type.create(alarm)).finish();
    // One message of the file, the first, is the single index 0.
    return { key: `a${number}`, value: framed(ids.proto, Buffer.concat([Buffer.of(0), body])) };
  });
}

const json = (value: unknown, key: string | null = null): Message => ({ key, value: JSON.stringify(value) });
const now = Date.now();
const ago = (ms: number) => new Date(now - ms).toISOString();

/** Topics as they are found in the wild, under names that nobody else has. */
function seeds(prefix: string): Readonly<Record<string, Seed>> {
  const name = (rest: string) => `${prefix}${rest}`;
  return {
    [name('_flat')]: { messages: [json({ a: 1, b: 'x', c: true, d: 1.5 }), json({ a: 2, b: 'y', c: false, d: 2 })] },
    [name('_nested')]: {
      messages: [
        json({ user: { name: 'ada', address: { city: 'Bern', zip: '3000' } }, items: [{ sku: 'p', price: 1.25 }] }),
        json({ user: { name: 'bob', address: null }, items: [] }),
      ],
    },
    [name('_clicks')]: {
      partitions: 3,
      messages: [3, 2, 1].map((s) =>
        json({ user_id: `u${s}`, cURL: '/x', clicked_at: ago(s * 1000), born_on: '2001-02-03' }, `u${s}`),
      ),
    },
    [name('_devices')]: {
      compacted: true,
      messages: [json({ id: 1, on: true }, '1'), json({ id: 2, on: true }, '2'), { key: '1', value: null }],
    },
    [name('_prices')]: {
      compacted: true,
      messages: ['a', 'b'].map((sku) => json({ shop: 7, sku, price: 1 }, JSON.stringify({ shop: 7, sku }))),
    },
    [name('_accounts')]: {
      messages: [5n, 6n].map((account) => {
        const key = Buffer.alloc(8);
        key.writeBigInt64BE(account);
        return { key, value: JSON.stringify({ account: Number(account), owner: 'ada' }) };
      }),
    },
    [name('_text')]: { messages: [{ value: 'a line of a log' }, { value: 'another one: ü' }] },
    [name('_binary')]: { messages: [{ value: Buffer.from([0xff, 0xfe, 0, 1]) }] },
    [name('_empty')]: { messages: [] },
    [name('_tombstones')]: { compacted: true, messages: [{ key: 'k', value: null }] },
    [name('_compacted_without_key')]: { compacted: true, messages: [json({ a: 1 }, 'elsewhere')] },
    [name('.dotted-Name.V1')]: { messages: [json({ 'odd name!': 1, größe: 2, '2fa': 'x', and: 3, record: 4 })] },
    [name('_user_input')]: { messages: [json({ text: 'hello' })] },
    [name('_lists')]: { messages: [json({ a: [1, null, 2], b: [[1], [2.5]], c: [], d: ['x', 1] })] },
    [name('_mixed')]: {
      messages: [json({ v: 1 }), json({ v: 'one' }), json({ v: { deep: true } }), json({ v: null })],
    },
    [name('_big')]: { messages: [json({ n: 1 }), { value: '{"n":9007199254740993,"m":18446744073709551615}' }] },
    [name('_arrays')]: { messages: [{ value: '[1,2]' }, { value: '"text"' }] },
    [name('_maps')]: {
      messages: [json({ m: Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, at])) })],
    },
    [name('_reserved')]: { messages: [json({ proctime: 1, record_time: 2, kept: 3, __proto__x: 1, constructor: 5 })] },
    [name('_parts')]: {
      messages: ['p1', 'p2'].map((part) => {
        const key = avsc.Type.forSchema(keySchema as unknown as avsc.Schema).toBuffer({ part_no: part });
        return { key: framed(ids.key, key), value: JSON.stringify({ part_no: part, stock: 1 }) };
      }),
    },
    [name('_readings')]: { messages: avroRecords(ids.avro) },
    [name('_without_subject')]: { messages: avroRecords(ids.unbound) },
    [name('_several_types')]: {
      messages: [...avroRecords(ids.unbound), { key: 'k', value: framed(ids.other, Buffer.of(2)) }],
    },
    [name('_alarms')]: { messages: protoRecords() },
    [name('_orders')]: {
      messages: ['o1', 'o2'].map((order) => ({
        key: order,
        value: framed(ids.json, Buffer.from(JSON.stringify({ order_id: order, total: 2.5, lines: [{ sku: 'p' }] }))),
      })),
    },
  };
}

async function seed(topics: Readonly<Record<string, Seed>>): Promise<void> {
  const kafka = new Kafka({ brokers: inject('endpoints').kafka.split(','), logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer(onceEach)];
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({
    waitForLeaders: true,
    topics: Object.entries(topics).map(([topic, { partitions = 1, compacted = false }]) => ({
      topic,
      numPartitions: partitions,
      configEntries: [{ name: 'cleanup.policy', value: compacted ? 'compact' : 'delete' }],
    })),
  });
  for (const [topic, { messages }] of Object.entries(topics)) {
    if (messages.length > 0) await producer.send({ topic, messages: [...messages] });
  }
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}

/** The scalar fields of a source, one level deep, as a selection. */
function selectionOf({ fields }: Model['sources'][number]): string {
  return fields
    .map(({ name, type }) => {
      const inner = type.kind === 'list' ? type.of : type;
      if (inner.kind !== 'object') return name;
      return `${name} { ${inner.type.fields
        .filter((field) => field.type.kind !== 'object')
        .map((field) => field.name)
        .join(' ')} }`;
    })
    .join(' ');
}

describe('an import', () => {
  it('declares what is in the topics, so that a gateway starts and reads every record', async () => {
    const prefix = uniqueName('imp');
    const topics = seeds(prefix);
    await seed(topics);
    await using registry = await openFakeRegistry([
      { subject: `${prefix}_readings-value`, id: ids.avro, schemaType: 'AVRO', schema: JSON.stringify(avroSchema) },
      { subject: 'org.plant.Reading', id: ids.unbound, schemaType: 'AVRO', schema: JSON.stringify(avroSchema) },
      { subject: 'Other', id: ids.other, schemaType: 'AVRO', schema: JSON.stringify(otherSchema) },
      { subject: `${prefix}_alarms-value`, id: ids.proto, schemaType: 'PROTOBUF', schema: protoSchema },
      { subject: `${prefix}_orders-value`, id: ids.json, schemaType: 'JSON', schema: JSON.stringify(jsonSchema) },
      { subject: `${prefix}_parts-key`, id: ids.key, schemaType: 'AVRO', schema: JSON.stringify(keySchema) },
    ]);
    await using folder = await declare({});
    const env = { KAFKA_BROKERS: inject('endpoints').kafka, SLUICE_REGISTRY_URL: registry.url };
    const lines: string[] = [];
    const run = (...words: string[]) => {
      lines.length = 0;
      const context = { logger: pino({ level: 'silent' }), print: (text: string) => void lines.push(text) };
      const config = loadConfig(env, [...words, '--schema', folder.folder]);
      return config.command === 'check' ? checkDeclarations(config, context) : importTopics(config, context);
    };
    const names = Object.keys(topics);

    expect(await run('import', ...names, '--dry-run')).toBe(1);
    expect(await readdir(folder.folder)).toEqual([]);
    expect(lines.join('\n')).toContain('+ type');

    await run('import', ...names);
    const leftOut = lines.filter((line) => line.startsWith('left out'));
    expect(leftOut.join('\n')).not.toContain('would not start');
    expect(leftOut.map((line) => /^left out +(\S+):/.exec(line)?.[1])).toEqual([
      `${prefix}_empty`,
      `${prefix}_several_types`,
      `${prefix}_tombstones`,
    ]);
    expect(leftOut[1]).toContain('its records are of several types, and a stream has one: Other, org.plant.Reading');
    const text = async (rest: string) => await readFile(join(folder.folder, `${prefix}${rest}.graphql`), 'utf8');

    const clicks = await text('_clicks');
    expect(clicks).toContain('key: ["userId"], partitions: 3');
    expect(clicks).toContain('userId: ID!');
    expect(clicks).toContain('cURL: String! @column(name: "cURL")');
    expect(clicks).toContain('clickedAt: DateTime! @eventTime');
    expect(clicks).toContain('bornOn: Date!');
    expect(await text('_flat')).toMatch(/a: Int!\n {2}b: String!\n {2}c: Boolean!\n {2}d: Float!/);
    expect(await text('_devices')).toMatch(/key: \["id"\].*cleanup: COMPACT/);
    expect(await text('_prices')).toMatch(/key: \["shop", "sku"\].*cleanup: COMPACT/);
    expect(await text('_accounts')).toMatch(/key: \["account"\], keyFormat: LONG.*\n {2}account: BigInt!/);
    expect(await text('_parts')).toContain('key: ["partNo"], keyFormat: AVRO');
    expect(await text('_compacted_without_key')).not.toContain('COMPACT');
    expect(await text('_text')).toMatch(/format: RAW.*\n {2}text: String!/);
    expect(await text('_binary')).toMatch(/format: RAW.*\n {2}bytes: Bytes!/);
    expect(await text('_arrays')).toContain('format: RAW');
    expect(await text('_big')).toMatch(/n: BigInt!\n {2}m: Decimal\n/);
    expect(await text('_mixed')).toContain('v: JSON\n');
    expect(await text('_maps')).toContain('m: JSON!');
    const readings = await text('_readings');
    expect(readings).toContain('format: AVRO');
    expect(readings).toContain('"What a sensor says."');
    expect(readings).toMatch(/"Which sensor\."\n {2}sensorId: ID!/);
    expect(readings).toContain('readAt: DateTime!');
    const withoutSubject = await text('_without_subject');
    expect(withoutSubject).toMatch(
      /^# The registry has no subject \S+_without_subject-value: .* schema 15 \(org\.plant\.Reading\)/,
    );
    expect(withoutSubject).toContain('format: AVRO');
    expect(await text('_alarms')).toContain('format: PROTOBUF');
    expect(await text('_orders')).toContain('format: JSON_SCHEMA');

    const model = await loadModel(folder.folder);
    await using gateway = await openOwnGateway({ schema: folder.folder, env: { SLUICE_REGISTRY_URL: registry.url } });
    const page = (source: Model['sources'][number]) => {
      const from = source.cleanup === 'COMPACT' ? '' : '(first: 100, from: { earliest: true })';
      return `${source.plural}${from} { edges { node { ${selectionOf(source)} } error { reason } } }`;
    };
    const { data, errors } = await post(gateway.url, `{ ${model.sources.map(page).join('\n')} }`);
    expect(errors).toBeUndefined();
    for (const { topic, plural, cleanup } of model.sources) {
      const edges: readonly { readonly node: unknown; readonly error: unknown }[] = data[plural].edges;
      const written = topics[topic]?.messages.filter(({ value }) => value !== null).length ?? 0;
      expect(edges.map(({ error }) => error).filter(Boolean), topic).toEqual([]);
      expect(edges.filter(({ node }) => node !== null).length, topic).toBe(topic.endsWith('_devices') ? 1 : written);
      expect(['DELETE', 'COMPACT']).toContain(cleanup);
    }

    // A second run finds everything as it is; what somebody edited is kept, unless it is forced.
    await run('import', ...names);
    expect(lines.filter((line) => line.startsWith('unchanged')).length).toBe(names.length - 3);
    const edited = join(folder.folder, `${prefix}_flat.graphql`);
    await writeFile(edited, (await readFile(edited, 'utf8')).replace('a: Int!', '"Mine." a: BigInt'));
    await run('import', ...names);
    expect(lines.join('\n')).toMatch(/-\s+"Mine\." a: BigInt\n\s+\+\s+a: Int!/);
    expect(await readFile(edited, 'utf8')).toContain('Mine');
    await run('import', ...names, '--force');
    expect(await readFile(edited, 'utf8')).not.toContain('Mine');

    // What was imported agrees with what is there, but for the topic whose keys are in no field; what is edited does not.
    expect(await run('check')).toBe(1);
    const faults = () => lines.filter((line) => line.startsWith('fault'));
    expect(faults()).toEqual([
      expect.stringContaining(`${prefix}_compacted_without_key: the topic has cleanup.policy`),
    ]);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^note .*_without_subject-value: the registry has no such subject.*records name schema 15$/,
      ),
    );
    await writeFile(
      edited,
      (await readFile(edited, 'utf8')).replace('b: String!', 'b: Int!').replace('partitions: 1', 'partitions: 2'),
    );
    expect(await run('check')).toBe(1);
    expect(faults().join('\n')).toMatch(/has 1 partition.*declared are 2/);
    expect(faults().join('\n')).toContain('2 of the newest 2 records do not fit: field `b`');
  });

  it('is a command, as is the check', async () => {
    const topic = uniqueName('imp');
    await seed({ [topic]: { messages: [json({ a: 1 })] } });
    await using folder = await declare({ 'other.graphql': `type Other @stream(topic: "${topic}_other") { a: Int! }` });
    const clusters = { kafka: inject('endpoints').kafka };
    const run = (...args: string[]) => runGateway({ schema: folder.folder, clusters, args });
    expect(await run('import', topic)).toMatchObject({ code: 0, output: expect.stringContaining('wrote') });
    expect(await run('check')).toMatchObject({ code: 1, output: expect.stringContaining('does not exist') });
  });

  it('is held against Flink by the check, which compiles the views', async () => {
    const topic = uniqueName('imp');
    await seed({ [topic]: { messages: [json({ a: 1 })], partitions: 4 } });
    const view = (name: string, sql: string) =>
      `type ${name} @view(topic: "${topic}_${name.toLowerCase()}", sql: "${sql}") { a: Int! }`;
    await using folder = await declare({
      'things.graphql': `type Thing @stream(topic: "${topic}") { a: Int! }`,
      'views.graphql': `${view('Good', `SELECT a FROM ${topic}`)} ${view('Bad', `SELECT nothing AS a FROM ${topic}`)}`,
    });
    const { kafka, flinkRest, sqlGateway } = inject('endpoints');
    const env = { KAFKA_BROKERS: kafka, FLINK_REST_URL: flinkRest, FLINK_SQL_GATEWAY_URL: sqlGateway };
    const lines: string[] = [];
    const config = loadConfig(env, ['check', '--json', '--schema', folder.folder]);
    const context = { logger: pino({ level: 'silent' }), print: (text: string) => void lines.push(text) };
    expect(await checkDeclarations(config, context)).toBe(1);
    const found = lines.map((line) => JSON.parse(line)).filter(({ message }) => !message.startsWith('No view'));
    expect(found).toEqual([
      expect.objectContaining({ level: 'note', part: 'kafka', subject: `${topic}_good` }),
      expect.objectContaining({ level: 'note', part: 'kafka', subject: `${topic}_bad` }),
      expect.objectContaining({ level: 'fault', part: 'flink', subject: `${topic}_bad` }),
    ]);
    expect(found[2].message).toContain('nothing');
  });
});

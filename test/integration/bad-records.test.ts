import { describe, expect, inject, it } from 'vitest';
import { listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { openOwnGateway } from '../support/gateway.ts';
import { kafkajsClient, onceEach, openTestKafka, readAll, recordsOf } from '../support/kafka.ts';

const rows = 'nodes { id } edges { record { offset } error { reason } } pageInfo { live }';

/** What does not decode, between two that do. */
const values = [
  '{"id":1}',
  'no JSON',
  Buffer.from([0x7b, 0xff, 0x7d]),
  '{}',
  '{"id":null}',
  '[1]',
  '',
  null,
  '{"id":2,"more":true}',
];
const badOffsets = ['1', '2', '3', '4', '5', '6', '7'];

describe('records that do not decode', () => {
  it('are told, left out, or copied to the dead letter topic once by two gateways, and end no job', async () => {
    const name = uniqueName('bad');
    const typed = (plural: string, more: string) =>
      `type ${plural.toUpperCase()} @stream(topic: "${name}_${plural}", plural: "${plural}", partitions: 1${more}) { id: Int! }`;
    await using schema = await declare({
      'bad.graphql': [
        typed('told', ''),
        typed('skipped', ', onBadRecord: SKIP'),
        typed('lettered', ', onBadRecord: DEAD_LETTER'),
        `type V @view(topic: "${name}_v", plural: "vs", partitions: 1, sql: "SELECT id FROM ${name}_skipped") { id: Int! }`,
      ].join('\n'),
    });
    await using gateway = await openOwnGateway({ schema: schema.folder, env: { SLUICE_SQL: 'all' } });
    await using second = await openOwnGateway({
      schema: schema.folder,
      clusters: { kafka: inject('endpoints').kafka },
    });
    await using view = listen(gateway.webSocketUrl, 'subscription { vs(from: { earliest: true }) { nodes { id } } }');
    await using live = listen(gateway.webSocketUrl, `subscription { skipped { ${rows} } }`);
    await until(live, ({ data }) => (data.skipped.pageInfo.live ? true : undefined));

    const producer = kafkajsClient().producer(onceEach);
    await producer.connect();
    const headers = { trace: 'abc' };
    const topicMessages = ['told', 'skipped', 'lettered'].map((plural) => ({
      topic: `${name}_${plural}`,
      messages: values.map((value) => ({ key: 'k', value: value as Buffer | string | null, headers })),
    }));
    await producer.sendBatch({ topicMessages });

    // Live, left out.
    const seen: unknown[] = [];
    await until(live, ({ data }) => {
      seen.push(...data.skipped.edges.map(({ record }: { record: { offset: string } }) => record.offset));
      return seen.length === 2 ? true : undefined;
    });
    expect(seen).toEqual(['0', '8']);

    // From history.
    const query = `{ told(first: 20, from: { earliest: true }) { ${rows} } skipped(from: { earliest: true }) { ${rows} } lettered(from: { earliest: true }) { ${rows} } }`;
    const { data, errors } = await post(gateway.url, query);
    expect(errors).toBeUndefined();
    for (const { nodes } of [data.told, data.skipped, data.lettered]) expect(nodes).toEqual([{ id: 1 }, { id: 2 }]);
    expect(data.told.edges.filter(({ error }: { error: unknown }) => error !== null)).toHaveLength(7);
    expect(data.skipped.edges).toHaveLength(2);
    expect(data.lettered.edges).toHaveLength(2);

    // Dead letters, once, by whichever gateway was first.
    const countOf = async ({ url }: { readonly url: string }, field: string): Promise<string> => {
      const answer = await post(url, '{ streams { field badRecords deadLetterTopic } }');
      return answer.data.streams.find((one: { field: string }) => one.field === field).badRecords;
    };
    await using kafka = openTestKafka();
    const letters = async () => recordsOf(await readAll(kafka, `${name}_lettered.dlq`, 1));
    await expect.poll(async () => (await letters()).length).toBeGreaterThanOrEqual(7);
    for (const each of [gateway, second]) {
      await expect.poll(() => countOf(each, 'lettered')).toBe('7');
    }
    const headerOf = (one: { headers: readonly { name: string; value: Buffer | null }[] }, header: string) =>
      one.headers.findLast((each) => each.name === header)?.value?.toString();
    const found = await letters();
    expect(new Set(found.map((one) => headerOf(one, '__connect.errors.offset')))).toEqual(new Set(badOffsets));
    expect(found[0]).toMatchObject({ key: Buffer.from('k'), value: Buffer.from('no JSON') });
    expect(headerOf(found[0] ?? { headers: [] }, 'trace')).toBe('abc');
    expect(headerOf(found[0] ?? { headers: [] }, '__connect.errors.topic')).toBe(`${name}_lettered`);
    expect(found[1]?.value).toEqual(values[2]);
    // At the live end, and in the query.
    expect(await countOf(gateway, 'skipped')).toBe('14');

    // Flink reads on.
    const ids: unknown[] = [];
    await until(view, ({ data: { vs } }) => {
      ids.push(...vs.nodes.map(({ id }: { id: number }) => id));
      return ids.length === 2 ? true : undefined;
    });
    expect(ids).toEqual([1, 2]);
    await producer.sendBatch({
      topicMessages: [{ topic: `${name}_skipped`, messages: [{ value: 'bad' }, { value: '{"id":3}' }] }],
    });
    await until(view, ({ data: { vs } }) => (vs.nodes.some(({ id }: { id: number }) => id === 3) ? true : undefined));
    await producer.disconnect();
    const { data: state } = await post(gateway.url, '{ streams { field jobId error } }');
    const { jobId } = state.streams.find((one: { field: string }) => one.field === 'vs');
    await post(gateway.url, 'mutation ($id: ID!) { cancelJob(id: $id) { job { id } } }', { id: jobId });
  });
});

import { describe, expect, it } from 'vitest';
import { listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { openOwnGateway } from '../support/gateway.ts';
import {
  beginning,
  kafkajsClient,
  onceEach,
  openTestKafka,
  readAll,
  record,
  recordsOf,
  takeUntil,
  textsOf,
  withAdmin,
} from '../support/kafka.ts';

const soon = { deadlineMs: 60_000 };

/** A topic of one partition with these settings. */
async function createTopic(topic: string, settings: Readonly<Record<string, string | number>>): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value: String(value) }));
  await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] }));
}

describe('compressed records', () => {
  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('are read when a topic holds them as %s', async (compression) => {
    await using kafka = openTestKafka();
    const topic = uniqueName(compression);
    // The broker writes anew, with its own codecs, what does not come so.
    await createTopic(topic, { 'compression.type': compression });
    const producer = kafkajsClient().producer(onceEach);
    await producer.connect();
    const texts = Array.from({ length: 500 }, (_, index) => `${'text '.repeat(40)}${index}`);
    await producer.send({ topic, messages: texts.map((value) => ({ value, headers: { h: 'x' } })) });
    await producer.disconnect();
    const found = recordsOf(await readAll(kafka, topic, 1));
    expect(textsOf(found)).toEqual(texts);
    expect(found[0]?.headers).toEqual([{ name: 'h', value: Buffer.from('x') }]);
  });

  it('are read a few at a time when they are much larger than they are sent', async () => {
    await using kafka = openTestKafka({ writer: { compression: 'gzip' } });
    const topic = uniqueName('swelling');
    await createTopic(topic, {});
    const large = 'x'.repeat(4 * 1024 * 1024);
    // Each has a batch of some kilobytes: all of them fit into what one read asks for.
    for (let count = 0; count < 20; count += 1) await kafka.writer.write(topic, [record(`${large}${count}`)], soon);
    const batches = await readAll(kafka, topic, 1);
    expect(textsOf(recordsOf(batches)).map((text) => text.slice(large.length))).toEqual(
      Array.from({ length: 20 }, (_, count) => String(count)),
    );
    for (const { records } of batches) expect(records.length).toBeLessThan(6);
    await using reader = openTestKafka();
    const live = reader.log.tail(topic, beginning(1), { signal: new AbortController().signal });
    const taken = await takeUntil(live, (some) => recordsOf(some).length === 20);
    for (const { records } of taken) expect(records.length).toBeLessThan(6);
  });

  it.each(['gzip', 'zstd'] as const)('are written as %s, so that a larger one fits', async (compression) => {
    await using plain = openTestKafka();
    await using kafka = openTestKafka({ writer: { compression } });
    const topic = uniqueName(compression);
    await createTopic(topic, { 'max.message.bytes': 1024 * 1024 });
    const large = 'large '.repeat(500_000);
    expect(await plain.writer.write(topic, [record(large)], soon)).toMatchObject([
      { outcome: 'NOT_WRITTEN', error: { code: 'RECORD_TOO_LARGE', retryable: false } },
    ]);
    const outcomes = await kafka.writer.write(topic, [record(large), record('small')], soon);
    expect(outcomes).toMatchObject([{ outcome: 'ACKED' }, { outcome: 'ACKED' }]);
    expect(textsOf(recordsOf(await readAll(kafka, topic, 1)))).toEqual([large, 'small']);
  });
});

describe('records of 5 MB', () => {
  it('pass one by one, or are refused by the limit of their topic', async () => {
    const name = uniqueName('large');
    await createTopic(name, { 'max.message.bytes': 6 * 1024 * 1024 });
    await createTopic(`${name}_small`, { 'max.message.bytes': 1024 * 1024 });
    await using schema = await declare({
      'large.graphql': [
        `type Large @stream(topic: "${name}", plural: "larges", partitions: 1) { id: Int! text: String! }`,
        `type Small @stream(topic: "${name}_small", plural: "smalls", partitions: 1) { id: Int! text: String! }`,
      ].join('\n'),
    });
    await using gateway = await openOwnGateway({ schema: schema.folder });
    const text = 'x'.repeat(5 * 1024 * 1024);
    const selection = 'nodes { id text } pageInfo { live endCursor }';
    await using live = listen(gateway.webSocketUrl, `subscription { larges { ${selection} } }`);
    await until(live, ({ data }) => (data.larges.pageInfo.live ? true : undefined));

    const produce =
      'mutation ($events: [LargeInput!]!) { produceLarges(events: $events) { records { outcome error { code } } } }';
    for (let id = 0; id < 6; id += 1) {
      const { data, errors } = await post(gateway.url, produce, { events: [{ id, text }] });
      expect(errors).toBeUndefined();
      expect(data.produceLarges.records).toEqual([{ outcome: 'ACKED', error: null }]);
    }
    const refused = await post(gateway.url, produce.replaceAll('Large', 'Small'), { events: [{ id: 0, text }] });
    expect(refused.data.produceSmalls.records).toEqual([
      { outcome: 'NOT_WRITTEN', error: { code: 'RECORD_TOO_LARGE' } },
    ]);

    const seen = new Set<number>();
    let cursor: unknown = null;
    await until(live, ({ data: { larges } }) => {
      for (const node of larges.nodes) {
        expect(node.text.length).toBe(text.length);
        seen.add(node.id);
      }
      // A page is over when it is full: one such record fills it.
      expect(larges.nodes.length).toBeLessThanOrEqual(1);
      if (seen.size === 3) cursor ??= larges.pageInfo.endCursor;
      return seen.size === 6 ? true : undefined;
    });

    // From history, in pages; and on from a cursor.
    const query = `query ($after: Cursor) { larges(first: 10, after: $after, from: { earliest: true }) { ${selection} } }`;
    const page = await post(gateway.url, query.replace(', from: { earliest: true }', ''), { after: cursor });
    expect(page.errors).toBeUndefined();
    expect(page.data.larges.nodes).toHaveLength(1);
    await using resumed = listen(
      gateway.webSocketUrl,
      `subscription ($after: Cursor) { larges(after: $after) { ${selection} } }`,
      { after: cursor },
    );
    const rest: number[] = [];
    await until(resumed, ({ data: { larges } }) => {
      rest.push(...larges.nodes.map(({ id }: { id: number }) => id));
      return rest.length === 3 ? true : undefined;
    });
    expect(new Set(rest).size).toBe(3);
  });
});

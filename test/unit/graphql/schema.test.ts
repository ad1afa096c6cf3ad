import { type ExecutionResult, execute, parse, subscribe, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import { SluiceError } from '#errors';
import { createCursors, createRecordDecoder, Feeds } from '#feed';
import { createSchema, exampleOperations, type Gateway } from '#graphql';
import type { WriteOutcome, Writer } from '#kafka';
import type { Model, Stream } from '#model';
import { field } from '../../support/fields.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { openNoFlink } from '../../support/no-flink.ts';

const clickedAt = field('clickedAt', 'DateTime', true);
const userId = field('userId', 'ID', true);
const clicks: Stream = {
  kind: 'stream',
  typeName: 'UserClick',
  description: 'One page view.',
  topic: 'user_clicks',
  plural: 'userClicks',
  fields: [userId, field('url', 'String', true), clickedAt, field('count', 'BigInt')],
  key: [userId],
  partitions: 2,
  retentionMs: 1000,
  cleanup: 'DELETE',
  format: 'JSON',
  keyFormat: 'STRING',
  source: 'KAFKA',
  redis: null,
  into: null,
  onBadRecord: 'REPORT',
  deadLetterTopic: null,
  eventTime: { field: clickedAt, delayMs: 0 },
  place: { file: 'x', line: 1, column: 1 },
};
const model: Model = { sources: [clicks], enums: [], objects: [] };

/** A gateway over a log in memory; its writer appends to that log. */
function open(overrides: Partial<Gateway> = {}) {
  const log = new MemoryLog(2);
  const writer: Writer = {
    async write(_topic, records) {
      return records.map((record): WriteOutcome => {
        const written = log.append(record.partition ?? 0, record.value?.toString() ?? null, {
          ...(record.key && { key: record.key.toString() }),
          ...(record.timestampMs !== undefined && { timestampMs: record.timestampMs }),
          headers: [...record.headers],
        });
        return {
          outcome: 'ACKED',
          partition: written.partition,
          offset: written.offset,
          timestampMs: written.timestampMs,
        };
      });
    },
    close: async () => undefined,
  };
  const codec = createCodec(clicks);
  const gateway: Gateway = {
    model,
    sources: [
      {
        source: clicks,
        codec,
        ddl: 'CREATE TABLE …',
        badRecords: { areReported: true, count: 0 },
        feed: {
          topic: 'user_clicks',
          field: 'userClicks',
          fields: clicks.fields,
          decode: createRecordDecoder(codec, false),
        },
      },
    ],
    feeds: new Feeds({ log }),
    cursors: createCursors([Buffer.alloc(32, 1)]),
    writer,
    flink: openNoFlink(model),
    errorLog: { error: () => undefined },
    produceTimeoutMs: 1000,
    queryTimeoutMs: 1000,
    now: () => Date.parse('2026-01-31T12:00:00Z'),
    ...overrides,
  };
  const schema = createSchema(gateway);
  const run = async (text: string, variableValues?: Record<string, unknown>) => {
    const document = parse(text);
    const errors = validate(schema, document);
    if (errors.length > 0) return { errors } as ExecutionResult;
    return (await execute({
      schema,
      document,
      ...(variableValues && { variableValues }),
      contextValue: {},
    })) as ExecutionResult;
  };
  const listen = async (text: string) => {
    const result = await subscribe({ schema, document: parse(text), contextValue: {} });
    if (!(Symbol.asyncIterator in result)) throw new Error(JSON.stringify(result));
    return result;
  };
  return { log, schema, run, listen };
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe('producing', () => {
  it('answers one outcome an event, with its place, and fills in the event time', async () => {
    const { log, run } = open();
    const result = await run(
      'mutation { produceUserClicks(events: { userId: "a", url: "/" }) { records { outcome partition offset timestamp } } }',
    );
    expect(plain(result.data)).toEqual({
      produceUserClicks: {
        records: [{ outcome: 'ACKED', partition: 0, offset: '0', timestamp: '2026-01-31T12:00:00.000Z' }],
      },
    });
    const [batch] = await log.read('user_clicks', new Map([[0, 0n]]), {
      maxBytes: 1000,
      signal: new AbortController().signal,
    });
    expect(JSON.parse(String(batch?.records[0]?.value))).toEqual({
      user_id: 'a',
      url: '/',
      clicked_at: '2026-01-31T12:00:00.000Z',
    });
    expect(String(batch?.records[0]?.key)).toBe('a');
  });

  it('writes headers, partition and timestamp as they are given', async () => {
    const { run } = open();
    await run(
      'mutation { produceUserClicks(events: [{ userId: "a", url: "/" }], options: { headers: [{ name: "h", value: "1" }], partition: 1, timestamp: "2020-01-01T00:00:00Z" }) { records { partition } } }',
    );
    const { data } = await run(
      '{ userClicks { edges { record { partition timestamp key headers { name value } } } } }',
    );
    expect(plain(data)).toEqual({
      userClicks: {
        edges: [
          {
            record: {
              partition: 1,
              timestamp: '2020-01-01T00:00:00.000Z',
              key: 'a',
              headers: [{ name: 'h', value: '1' }],
            },
          },
        ],
      },
    });
  });

  it('refuses a wrong event with its path and writes nothing of the call', async () => {
    const { log, run } = open();
    const text =
      'mutation ($events: [UserClickInput!]!) { produceUserClicks(events: $events) { records { outcome } } }';
    const { errors } = await run(text, {
      events: [
        { userId: 'a', url: '/' },
        { userId: 'b', url: 5 },
      ],
    });
    expect(errors?.[0]?.message).toContain('events[1].url');
    expect((await log.bounds()).get(0)?.end).toBe(0n);
  });

  it.each(['NOT_WRITTEN', 'UNKNOWN'] as const)('tells of an event that was %s why, as data', async (outcome) => {
    const error = new SluiceError('TIMEOUT', 'Kafka did not answer in time.');
    const writer: Writer = { write: async () => [{ outcome, partition: 1, error }], close: async () => undefined };
    const { run } = open({ writer });
    const result = await run(
      'mutation { produceUserClicks(events: { userId: "a", url: "/" }) { records { outcome offset error { code message } } } }',
    );
    expect(result.errors).toBeUndefined();
    expect(plain(result.data).produceUserClicks.records).toEqual([
      { outcome, offset: null, error: { code: 'TIMEOUT', message: 'Kafka did not answer in time.' } },
    ]);
  });

  it('gives a cursor just before the first record, from which its own records are seen', async () => {
    const { log, run, listen } = open();
    log.append(0, '{"user_id":"old","url":"/","clicked_at":"2026-01-01T00:00:00Z"}');
    const { data } = await run(
      'mutation { produceUserClicks(events: [{ userId: "a", url: "/" }]) { before records { cursor } } }',
    );
    const { before } = plain(data).produceUserClicks;
    const pages = await listen(`subscription { userClicks(after: "${before}") { nodes { userId } } }`);
    await pages.next();
    expect(plain((await pages.next()).value)).toEqual({ data: { userClicks: { nodes: [{ userId: 'a' }] } } });
    await pages.return?.(undefined);
  });
});

describe('reading', () => {
  it('gives a record that does not decode as an edge with its error, among its neighbours', async () => {
    const { log, run } = open();
    log.append(0, '{"user_id":"a","url":"/","clicked_at":"2026-01-01T00:00:00Z"}');
    log.append(0, 'nonsense', { key: 'k' });
    log.append(0, null);
    const { data } = await run(
      '{ userClicks { nodes { userId } edges { node { userId } error { reason bytes } record { offset key } operation } } }',
    );
    const { nodes, edges } = plain(data).userClicks;
    expect(nodes).toEqual([{ userId: 'a' }]);
    expect(edges[1]).toMatchObject({
      node: null,
      error: { bytes: 8 },
      record: { offset: '1', key: 'k' },
      operation: 'INSERT',
    });
    expect(edges[2].error.reason).toContain('tombstone');
  });

  it('goes on after an endCursor, as a query and as a subscription', async () => {
    const { log, run, listen } = open();
    for (const user of ['a', 'b', 'c'])
      log.append(0, `{"user_id":"${user}","url":"/","clicked_at":"2026-01-01T00:00:00Z"}`);
    const first = plain(
      (await run('{ userClicks(first: 1) { nodes { userId } pageInfo { endCursor hasNextPage lag } } }')).data,
    ).userClicks;
    expect(first).toMatchObject({ nodes: [{ userId: 'a' }], pageInfo: { hasNextPage: true, lag: '2' } });
    const after = first.pageInfo.endCursor;
    const second = plain(
      (await run(`{ userClicks(after: "${after}") { nodes { userId } pageInfo { hasNextPage } } }`)).data,
    ).userClicks;
    expect(second).toEqual({ nodes: [{ userId: 'b' }, { userId: 'c' }], pageInfo: { hasNextPage: false } });
    const pages = await listen(`subscription { userClicks(after: "${after}") { nodes { userId } } }`);
    await pages.next();
    expect(plain((await pages.next()).value).data.userClicks.nodes).toEqual([{ userId: 'b' }, { userId: 'c' }]);
    await pages.return?.(undefined);
  });

  it('filters by fields and by record', async () => {
    const { log, run } = open();
    for (const [user, count] of [
      ['a', 1],
      ['b', 9007199254740993n],
      ['c', 3],
    ] as const) {
      log.append(0, `{"user_id":"${user}","url":"/","clicked_at":"2026-01-01T00:00:00Z","count":${count}}`, {
        key: user,
      });
    }
    const query = 'query ($where: UserClickFilter) { userClicks(where: $where) { nodes { userId count } } }';
    const nodes = async (where: object) => plain((await run(query, { where })).data).userClicks.nodes;
    expect(await nodes({ count: { gt: '9007199254740992' } })).toEqual([{ userId: 'b', count: '9007199254740993' }]);
    expect(await nodes({ or: [{ userId: { eq: 'a' } }, { record: { key: { eq: 'c' } } }] })).toHaveLength(2);
  });

  it.each([
    ['both after and from', 'userClicks(after: "x", from: { earliest: true })', 'BAD_INPUT'],
    ['a first of 0', 'userClicks(first: 0)', 'BAD_INPUT'],
    ['a first beyond the bound', 'userClicks(first: 1000000)', 'BAD_INPUT'],
    ['a nonsense cursor', 'userClicks(after: "x")', 'BAD_CURSOR'],
    ['a start that is false', 'userClicks(from: { earliest: false })', 'BAD_INPUT'],
    ['a partition that is not there', 'userClicks(from: { offsets: [{ partition: 9, offset: 0 }] })', 'BAD_INPUT'],
  ])('refuses %s', async (_title, call, code) => {
    const { run } = open();
    const { errors } = await run(`{ ${call} { nodes { userId } } }`);
    expect(errors?.[0]?.originalError).toMatchObject({ code });
  });

  it('frees everything when a subscriber of a quiet stream leaves', async () => {
    const { log, listen } = open();
    const pages = await listen('subscription { userClicks { nodes { userId } } }');
    await pages.next();
    expect(log.tails).toBe(1);
    const pending = pages.next();
    await pages.return?.(undefined);
    expect(await pending).toMatchObject({ done: true });
    await expect.poll(() => log.tails).toBe(0);
  });
});

describe('without Flink', () => {
  it('still lists streams and says what is missing for jobs', async () => {
    const { run } = open();
    expect(plain((await run('{ streams { name field kind topic key state } }')).data)).toEqual({
      streams: [
        { name: 'UserClick', field: 'userClicks', kind: 'STREAM', topic: 'user_clicks', key: ['userId'], state: null },
      ],
    });
    const { errors } = await run('{ jobs { nodes { id } } }');
    expect(errors?.[0]?.originalError).toBeInstanceOf(SluiceError);
  });
});

describe('the schema', () => {
  it('describes every type, field, argument and value', () => {
    const { schema } = open();
    const silent = Object.values(schema.getTypeMap())
      .filter(({ name }) => !name.startsWith('__'))
      .flatMap((type) => {
        const parts: [string, { description?: string | null | undefined }][] = [[type.name, type]];
        if ('getFields' in type) {
          for (const one of Object.values(type.getFields())) {
            parts.push([`${type.name}.${one.name}`, one]);
            if ('args' in one)
              for (const argument of one.args) parts.push([`${type.name}.${one.name}(${argument.name})`, argument]);
          }
        }
        if ('getValues' in type)
          for (const value of type.getValues()) parts.push([`${type.name}.${value.name}`, value]);
        return parts.filter(([, part]) => !part.description).map(([name]) => name);
      });
    expect(silent).toEqual([]);
  });

  it('accepts every example operation that GraphiQL opens with', () => {
    const { schema } = open();
    for (const text of exampleOperations(model)) expect(validate(schema, parse(text))).toEqual([]);
  });
});

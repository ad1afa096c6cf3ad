import { type ExecutionResult, graphql, parse, subscribe } from 'graphql';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '#errors';
import { createCursors, Feeds } from '#feed';
import { createSchema, type Gateway, serveSource } from '#graphql';
import type { JobChanges } from '#jobs';
import type { ListedJob } from '../../../src/flink/job-manager.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { openNoFlink } from '../../support/no-flink.ts';
import { modelOf } from '../flink/models.ts';

const model = modelOf(`
  type Click @stream(plural: "clicks") { userId: ID! }
  type Copy @view(topic: "copies", plural: "copies", sql: "SELECT user_id FROM clicks") { userId: ID! }
  type Total @view(topic: "totals", plural: "totals", key: ["userId"], sql: "SELECT user_id FROM clicks") { userId: ID! }
`);

/** A job; the higher its number, the newer. */
function job(number: number, more: Partial<ListedJob> = {}): ListedJob {
  return {
    id: String(number).padStart(32, '0'),
    name: `job ${number}`,
    state: 'RUNNING',
    startedAtMs: number,
    endedAtMs: null,
    view: null,
    sql: null,
    labels: {},
    hash: null,
    isYoung: false,
    tasks: 2,
    runningTasks: 2,
    ...more,
  };
}

interface World {
  readonly jobs?: readonly ListedJob[];
  readonly changes?: readonly JobChanges[];
  readonly details?: Partial<Gateway['flink']['jobs']['details']>;
  readonly watermarks?: Gateway['watermarks'];
}

/** A schema over the jobs; calls to Flink that a test does not expect are refused. */
function schemaOf({ jobs = [], changes = [], details = {}, watermarks }: World) {
  const none = openNoFlink(model);
  return createSchema({
    model,
    sources: model.sources.map((source) => serveSource(source)),
    feeds: new Feeds({ log: new MemoryLog(1) }),
    cursors: createCursors([Buffer.alloc(32)]),
    writer: { write: () => Promise.resolve([]), close: () => Promise.resolve() },
    flink: {
      ...none,
      jobs: {
        list: async () => jobs,
        async get(id) {
          const found = jobs.find((one) => one.id === id);
          if (!found) throw new SluiceError('NOT_FOUND', 'no such job');
          return found;
        },
        details: { ...none.jobs.details, ...details },
        async *follow({ signal }) {
          yield* changes;
          if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      },
    },
    ...(watermarks && { watermarks }),
    errorLog: { error: () => undefined },
    produceTimeoutMs: 1,
    queryTimeoutMs: 1,
    now: () => 1_000,
  });
}

async function run(world: World, source: string): Promise<Record<string, unknown>> {
  const { data, errors } = await graphql({ schema: schemaOf(world), source, contextValue: {} });
  if (errors) throw errors[0]?.originalError ?? errors[0];
  return data as Record<string, unknown>;
}

const names = async (world: World, where: string): Promise<readonly string[]> => {
  const { jobs } = await run(world, `{ jobs(where: ${where}) { nodes { name } } }`);
  return (jobs as { nodes: { name: string }[] }).nodes.map(({ name }) => name);
};

describe('the query of jobs', () => {
  it('gives them in pages, the newest first, each once', async () => {
    const world = { jobs: [5, 4, 3, 2, 1].map((number) => job(number)) };
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const { jobs } = await run(
        world,
        `{ jobs(first: 2${after}) { edges { operation } nodes { name } pageInfo { endCursor hasNextPage error } } }`,
      );
      const { nodes, edges, pageInfo } = jobs as {
        nodes: { name: string }[];
        edges: { operation: string }[];
        pageInfo: { endCursor: string; hasNextPage: boolean; error: null };
      };
      expect(edges.every(({ operation }) => operation === 'UPSERT')).toBe(true);
      seen.push(...nodes.map(({ name }) => name));
      after = `, after: "${pageInfo.endCursor}"`;
      if (!pageInfo.hasNextPage) break;
    }
    expect(seen).toEqual(['job 5', 'job 4', 'job 3', 'job 2', 'job 1']);
  });

  it('goes on after a job that is gone, and after one that began at the same moment', async () => {
    const same = (id: string) => job(7, { id: id.repeat(32), name: id });
    const { jobs } = await run(
      { jobs: [same('a'), same('b'), same('c')] },
      '{ jobs(first: 1) { pageInfo { endCursor } } }',
    );
    const { endCursor } = (jobs as { pageInfo: { endCursor: string } }).pageInfo;
    const rest = await run({ jobs: [same('b'), same('c')] }, `{ jobs(after: "${endCursor}") { nodes { name } } }`);
    expect(rest).toEqual({ jobs: { nodes: [{ name: 'b' }, { name: 'c' }] } });
  });

  it('refuses a cursor that is not its own, and a size out of range', async () => {
    await expect(run({}, '{ jobs(after: "nonsense") { nodes { id } } }')).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    await expect(run({}, '{ jobs(first: 0) { nodes { id } } }')).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('filters as records are filtered', async () => {
    const world = {
      jobs: [
        job(3, { name: 'ada', view: 'copies', labels: { 'sluice.by': 'sluice' } }),
        job(2, { name: 'adam', state: 'FAILED', labels: { 'sluice.by': 'bob' } }),
        job(1, { name: 'eve', state: 'CANCELED' }),
      ],
    };
    expect(await names(world, '{ name: { startsWith: "ad" } }')).toEqual(['ada', 'adam']);
    expect(await names(world, '{ state: { in: [FAILED, CANCELED] } }')).toEqual(['adam', 'eve']);
    expect(await names(world, '{ view: { isNull: true }, not: { owner: { eq: "bob" } } }')).toEqual(['eve']);
    expect(await names(world, `{ or: [{ id: { in: ["${job(1).id}"] } }, { view: { eq: "copies" } }] }`)).toEqual([
      'ada',
      'eve',
    ]);
  });

  it('asks Flink for details only of what is selected', async () => {
    const asked: string[] = [];
    const details = {
      restarts: async (id: string) => {
        asked.push(id);
        return 3;
      },
    };
    const world = { jobs: [job(1, { labels: { 'sluice.by': 'bob' } })], details };
    expect(await run(world, '{ jobs { nodes { owner durationMs tasks labels } } }')).toEqual({
      jobs: { nodes: [{ owner: 'bob', durationMs: '999', tasks: 2, labels: { 'sluice.by': 'bob' } }] },
    });
    expect(asked).toEqual([]);
    expect(await run(world, '{ jobs { nodes { restarts } } }')).toEqual({ jobs: { nodes: [{ restarts: 3 }] } });
    expect(asked).toHaveLength(1);
  });
});

describe('the query of one job', () => {
  it('is null when Flink knows none of that id', async () => {
    expect(await run({ jobs: [job(1)] }, `{ job(id: "${job(1).id}") { name } }`)).toEqual({ job: { name: 'job 1' } });
    expect(await run({}, '{ job(id: "nonsense") { name } }')).toEqual({ job: null });
  });
});

describe('the subscription to jobs', () => {
  it('gives the changes, says when Flink is away, and ends at once when it is left', async () => {
    const changes: readonly JobChanges[] = [
      { changes: [{ operation: 'UPSERT', job: job(1) }], error: null },
      { changes: [], error: 'Flink is away.' },
      { changes: [{ operation: 'DELETE', job: job(1) }], error: null },
    ];
    const document = parse(
      'subscription { jobs { nodes { name } edges { operation node { name } } pageInfo { error endCursor } } }',
    );
    const pages = await subscribe({ schema: schemaOf({ changes }), document });
    if (!(Symbol.asyncIterator in pages)) throw new Error(JSON.stringify(pages));
    const next = async () => ((await pages.next()).value as ExecutionResult).data?.jobs;
    expect(await next()).toMatchObject({ nodes: [{ name: 'job 1' }], edges: [{ operation: 'UPSERT' }] });
    expect(await next()).toEqual({ nodes: [], edges: [], pageInfo: { error: 'Flink is away.', endCursor: null } });
    expect(await next()).toMatchObject({ nodes: [], edges: [{ operation: 'DELETE', node: { name: 'job 1' } }] });
    const pending = pages.next();
    await pages.return();
    expect(await pending).toMatchObject({ done: true });
  });
});

describe('without a configured Flink', () => {
  it.each(['{ jobs { nodes { id } } }', '{ job(id: "a") { id } }', '{ cluster { version } }'])(
    '%s says so',
    async (source) => {
      const none = { ...openNoFlink(model) };
      const world = {
        model,
        sources: [],
        feeds: new Feeds({ log: new MemoryLog(1) }),
        cursors: createCursors([Buffer.alloc(32)]),
        writer: { write: () => Promise.resolve([]), close: () => Promise.resolve() },
        flink: none,
        errorLog: { error: () => undefined },
        produceTimeoutMs: 1,
        queryTimeoutMs: 1,
        now: () => 0,
      };
      const { errors } = await graphql({ schema: createSchema(world), source });
      expect(errors?.[0]?.originalError).toMatchObject({ code: 'FLINK_UNAVAILABLE' });
    },
  );
});

describe('the streams', () => {
  it('say whether their rows are final, and how far a view is complete', async () => {
    const watermarks = { at: () => null, latest: (topic: string) => (topic === 'copies' ? 0 : null) };
    expect(await run({ watermarks }, '{ streams { field rows watermark } }')).toEqual({
      streams: [
        { field: 'clicks', rows: 'FINAL', watermark: null },
        { field: 'copies', rows: 'FINAL', watermark: '1970-01-01T00:00:00.000Z' },
        { field: 'totals', rows: 'UPDATING', watermark: null },
      ],
    });
  });

  it('have the watermark of a page only where it is selected', async () => {
    const asked: string[] = [];
    const watermarks = {
      at(topic: string) {
        asked.push(topic);
        return 5;
      },
      latest: () => null,
    };
    await run({ watermarks }, '{ copies { pageInfo { live } } clicks { pageInfo { watermark } } }');
    expect(asked).toEqual([]);
    expect(await run({ watermarks }, '{ copies { pageInfo { watermark } } }')).toEqual({
      copies: { pageInfo: { watermark: '1970-01-01T00:00:00.005Z' } },
    });
    expect(asked).toEqual(['copies']);
  });
});

import { describe, expect, it } from 'vitest';
import { post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { endJobsOf } from '../support/end-jobs.ts';
import { openOwnGateway, runGateway } from '../support/gateway.ts';

describe('a start with faults', () => {
  it('in the declarations ends with exit code 2 and tells all of them, of all files', async () => {
    await using schema = await declare({
      'a.graphql': `type Click @stream(key: ["user"]) {
  userId: ID!
  at: Timestamp
}
`,
      'b.graphql': `type Count @view(sql: "DROP TABLE clicks") { cnt: Int }
type Query @stream { a: Int }
`,
    });
    const { code, output } = await runGateway({ schema: schema.folder });
    expect(code).toBe(2);
    expect(output).toMatch(/a\.graphql:1:\d+ .*"user"/);
    expect(output).toMatch(/a\.graphql:3:\d+ .*"Timestamp".*DateTime/);
    expect(output).toMatch(/b\.graphql:1:\d+ .*SELECT/);
    expect(output).toMatch(/b\.graphql:2:\d+ .*"Query" is reserved/);
    expect(output).not.toMatch(/\n\s+at /);
  });

  it('in the settings ends with exit code 2 and tells all of them', async () => {
    await using schema = await declare({});
    const { code, output } = await runGateway({
      schema: schema.folder,
      args: ['--prot', '4000'],
      env: { SLUICE_PRODUCE_TIMEOUT_MS: 'soon', FLINK_REST_URL: 'localhost:8081' },
    });
    expect(code).toBe(2);
    expect(output).toMatch(/--prot.*--port/);
    expect(output).toMatch(/SLUICE_PRODUCE_TIMEOUT_MS.*soon/);
    expect(output).toMatch(/FLINK_REST_URL.*localhost:8081/);
    expect(output).not.toMatch(/\n\s+at /);
  });

  it('in the place of the declarations ends with exit code 2 and names it', async () => {
    const { code, output } = await runGateway({ schema: '/nowhere/at/all' });
    expect(code).toBe(2);
    expect(output).toContain('/nowhere/at/all');
  });
});

describe('a start with a view', () => {
  it('that Flink refuses tells where and why, and runs the others', async () => {
    const [clicks, good, wrong, misfit] = ['clicks', 'good', 'wrong', 'misfit'].map(uniqueName);
    await using schema = await declare({
      'streams.graphql': `type Click @stream(topic: "${clicks}", plural: "clicks") { userId: ID! url: String }`,
      'views.graphql': `type Good @view(topic: "${good}", plural: "goods", sql: "SELECT user_id FROM ${clicks}") { userId: ID! }
type Wrong @view(topic: "${wrong}", plural: "wrongs", sql: """
  SELECT user_id,
         nonsense
  FROM ${clicks}
""") { userId: ID! nonsense: String }
type Misfit @view(topic: "${misfit}", plural: "misfits", sql: """
  SELECT user_id, CHAR_LENGTH(url) AS url FROM ${clicks}
""") {
  userId: ID!
  url: String
}
`,
    });
    await using _end = endJobsOf(`${good}`);
    await using gateway = await openOwnGateway({ schema: schema.folder });
    const statusOf = async (topic: string | undefined) => {
      const { data } = await post(gateway.url, '{ streams { topic state error } }');
      return data.streams.find((stream: { topic: string }) => stream.topic === topic);
    };
    await expect
      .poll(() => statusOf(wrong))
      .toEqual({
        topic: wrong,
        state: 'FAILED',
        error: expect.stringMatching(
          new RegExp(`^View "${wrong}" \\(.*views\\.graphql:4:10\\): Column 'nonsense' not found in any table`),
        ),
      });
    await expect
      .poll(() => statusOf(misfit))
      .toEqual({
        topic: misfit,
        state: 'FAILED',
        error: expect.stringMatching(/views\.graphql:\d+:\d+.*Misfit\.url: the column "url" is INT.*STRING/s),
      });
    await expect.poll(() => statusOf(good)).toEqual({ topic: good, state: 'RUNNING', error: null });
    await post(gateway.url, 'mutation { produceClicks(events: { userId: "ann" }) { before } }');
    const rows = async () => (await post(gateway.url, '{ goods { nodes { userId } } }')).data.goods.nodes;
    await expect.poll(rows).toEqual([{ userId: 'ann' }]);
  });
});

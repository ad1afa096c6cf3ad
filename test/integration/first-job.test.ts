import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, test, vi } from 'vitest';
import { listen, post, until } from '../support/client.ts';
import { openOwnGateway } from '../support/gateway.ts';
import { patience } from '../support/patience.ts';

const root = join(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/first-job.md'), 'utf8');

/** The operation of that name, as the page has it. */
function operation(name: string): string {
  const blocks = [...page.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
  const found = blocks.find((text) => new RegExp(`^(query|mutation|subscription) ${name}\\b`).test(text));
  if (!found) throw new Error(`docs/first-job.md has no operation ${name}.`);
  return found;
}

const produce = 'mutation ($events: [UserClickInput!]!) { produceUserClicks(events: $events) { records { outcome } } }';

/** A user of this run alone, and a window that nobody else counts in. */
const userId = `walker-${process.pid}-${Date.now()}`;
const windowAtMs = Math.floor(Date.now() / 10_000) * 10_000;

function clickAt(second: number, user = userId) {
  return { userId: user, url: '/product/lamp', clickedAt: new Date(windowAtMs + second * 1000).toISOString() };
}

const { flinkRest } = inject('endpoints');

/** Whatever the test came to, nothing of it runs on. */
async function cancelAll(ids: readonly string[]): Promise<void> {
  for (const id of ids) await fetch(`${flinkRest}/jobs/${id}`, { method: 'PATCH' });
}

describe('the first job', () => {
  test('is submitted, watched, stopped with a savepoint and gone on from, as docs/first-job.md says', async () => {
    await using gateway = await openOwnGateway({
      schema: join(root, 'schema'),
      env: { SLUICE_VIEWS: 'off', SLUICE_SQL: 'all' },
    });
    const { url, webSocketUrl } = gateway;
    const click = async (...events: readonly object[]) => {
      const { data } = await post(url, produce, { events });
      expect(data.produceUserClicks.records.every(({ outcome }: { outcome: string }) => outcome === 'ACKED')).toBe(
        true,
      );
    };
    await using jobs = listen(webSocketUrl, operation('WatchJobs'));
    const stateOf = (id: string, state: string) =>
      until(jobs, ({ data }) =>
        data.jobs.edges.some(
          ({ node }: { node: { id: string; state: string } }) => node.id === id && node.state === state,
        )
          ? true
          : undefined,
      );
    await using counts = listen(webSocketUrl, operation('WatchCounts'));
    await counts.next();

    const submitted = (await post(url, operation('SubmitCount'))).data.submitJob;
    expect(submitted).toMatchObject({ outcome: 'STARTED', job: { name: 'clicks per ten seconds' } });
    const { id } = submitted.job;
    const running = [id];
    await using _cleanUp = { [Symbol.asyncDispose]: () => cancelAll(running) };
    const again = (await post(url, operation('SubmitCount'))).data.submitJob;
    expect(again).toMatchObject({ outcome: 'ALREADY_RUNNING', job: { id } });
    await stateOf(id, 'RUNNING');

    // Its sources begin at the ends as they find them: a click of another user shows when they have.
    const looked = () => post(url, operation('LookIntoJob'), { id });
    await vi.waitFor(
      async () => {
        await click(clickAt(0, `${userId}-early`));
        const { data } = await looked();
        expect(data.job.vertices.some(({ recordsOut }: { recordsOut: string }) => Number(recordsOut) > 0)).toBe(true);
      },
      { ...patience, interval: 500 },
    );
    await click(clickAt(1), clickAt(2));
    const stopped = (await post(url, operation('StopCount'), { id })).data.stopJob;
    expect(stopped.savepoint).toMatch(/^file:/);
    await stateOf(id, 'FINISHED');

    await click(clickAt(3));
    const { savepoint } = stopped;
    const resumed = (await post(url, operation('GoOn'), { savepoint })).data.submitJob;
    expect(resumed.outcome).toBe('STARTED');
    expect(new URL(resumed.restoredFrom).pathname).toBe(new URL(savepoint).pathname);
    expect(resumed.job.id).not.toBe(id);
    running.push(resumed.job.id);
    await stateOf(resumed.job.id, 'RUNNING');
    // The window's last click, and one that lets event time pass its end.
    await click(clickAt(4), clickAt(30));
    const own = await until(counts, ({ data }) =>
      data.clickCounts.nodes.find((node: { userId: string }) => node.userId === userId),
    );
    expect(own).toMatchObject({ cnt: '4', windowStart: new Date(windowAtMs).toISOString() });

    const cancelled = await post(url, operation('CancelCount'), { id: resumed.job.id });
    expect(cancelled.errors).toBeUndefined();
    await stateOf(resumed.job.id, 'CANCELED');
  });

  test('asks ad hoc: the job ends with the tab, and what is wrong is told with its place', async () => {
    await using gateway = await openOwnGateway({
      schema: join(root, 'schema'),
      env: { SLUICE_VIEWS: 'off', SLUICE_SQL: 'all' },
    });
    const { url, webSocketUrl } = gateway;
    let jobId = '';
    {
      await using tab = listen(webSocketUrl, operation('WatchLongUrls'));
      const { data } = await tab.next();
      expect(data.sql).toMatchObject({ columns: [{ name: 'user_id' }, { name: 'cURL' }], rows: [] });
      jobId = data.sql.jobId;
      const feeding = setInterval(() => void post(url, produce, { events: [clickAt(0)] }), 200);
      try {
        const row = await until(tab, (answer) =>
          answer.data.sql.rows.find(({ values }: { values: { user_id: string } }) => values.user_id === userId),
        );
        expect(row).toMatchObject({ operation: 'INSERT', values: { cURL: '/product/lamp' } });
      } finally {
        clearInterval(feeding);
      }
    }
    await vi.waitFor(
      async () => expect(await (await fetch(`${flinkRest}/jobs/${jobId}`)).json()).toMatchObject({ state: 'CANCELED' }),
      patience,
    );
    const wrong = await post(url, operation('Wrong'));
    expect(wrong.errors?.[0]).toMatchObject({
      message: expect.stringContaining("Column 'nonsense' not found in any table"),
      extensions: { code: 'SQL_REJECTED', line: 1, column: 17 },
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post } from '../support/client.ts';
import { declare } from '../support/declarations.ts';
import { openFlinkStack } from '../support/flink-stack.ts';
import { type OwnGateway, openOwnGateway } from '../support/gateway.ts';
import { patience } from '../support/patience.ts';
import { TcpProxy } from '../support/proxy.ts';

const declarations = `
  type Click @stream(topic: "clicks", partitions: 1) { userId: ID! }
  type Copy @stream(topic: "copies", plural: "copies", partitions: 1) { userId: ID! }
`;
const sql = 'INSERT INTO copies SELECT user_id FROM clicks';

const cleanUp = new AsyncDisposableStack();
let stack: Awaited<ReturnType<typeof openFlinkStack>>;
let jobManager: TcpProxy;
let sqlGateway: TcpProxy;
let gateway: OwnGateway;

beforeAll(async () => {
  stack = cleanUp.use(await openFlinkStack());
  const proxied = async (url: string) => cleanUp.use(await TcpProxy.open({ target: new URL(url).host }));
  jobManager = await proxied(stack.flink.flinkRest);
  sqlGateway = await proxied(stack.flink.sqlGateway);
  const schema = cleanUp.use(await declare({ 'main.graphql': declarations }));
  const clusters = {
    kafka: stack.broker.address,
    flinkRest: `http://${jobManager.address}`,
    sqlGateway: `http://${sqlGateway.address}`,
  };
  gateway = cleanUp.use(await openOwnGateway({ schema: schema.folder, clusters, env: { SLUICE_SQL: 'all' } }));
  // The session is there when the faults come.
  const first = await submit('first');
  expect(first.errors).toBeUndefined();
  await cancel(first.data.submitJob.job.id);
});
afterAll(() => cleanUp.disposeAsync());

function submit(name: string, parallelism = 1) {
  const mutation = `mutation ($input: SubmitJobInput!) {
    submitJob(input: $input) { outcome warning job { id state } }
  }`;
  return post(gateway.url, mutation, { input: { name, sql, parallelism } });
}

async function cancel(id: string): Promise<void> {
  const { errors } = await post(gateway.url, `mutation { cancelJob(id: "${id}") { job { state } } }`);
  expect(errors).toBeUndefined();
}

/** The ids of the jobs of the name, as Flink tells them itself. */
async function jobsNamed(name: string): Promise<readonly string[]> {
  const response = await fetch(`${stack.flink.flinkRest}/jobs/overview`);
  const { jobs } = (await response.json()) as { jobs: readonly { jid: string; name: string }[] };
  return jobs.filter((job) => job.name === name).map(({ jid }) => jid);
}

/** Submits, and lets nothing of the SQL Gateway’s answers through; resolves when Flink has the job. */
async function submitUnheard(name: string) {
  sqlGateway.stall('down');
  const answer = submit(name);
  await expect.poll(() => jobsNamed(name), patience).toHaveLength(1);
  return { answer };
}

describe('a submission whose answer is lost', () => {
  it('starts nothing twice when the SQL Gateway was killed and the call is repeated', async () => {
    const { answer } = await submitUnheard('killed');
    await stack.killSqlGateway();
    sqlGateway.resume();
    sqlGateway.cut();
    const { data, errors } = await answer;
    const [id] = await jobsNamed('killed');
    // The gateway may hear of the loss in time to find out for itself.
    if (errors) expect(errors).toMatchObject([{ extensions: { code: 'FLINK_UNAVAILABLE', retryable: true } }]);
    else expect(data.submitJob.job.id).toBe(id);

    const repeated = await submit('killed');
    expect(repeated.data.submitJob).toMatchObject({ outcome: 'ALREADY_RUNNING', job: { id, state: 'RUNNING' } });
    expect(await jobsNamed('killed')).toEqual([id]);
    // The next one finds its tables in a session anew.
    expect((await submit('after')).data.submitJob).toMatchObject({ outcome: 'STARTED' });
  });

  it('starts nothing twice when the JobManager was away in the middle of it', async () => {
    const { answer } = await submitUnheard('away');
    jobManager.refuse();
    sqlGateway.resume();
    const { errors } = await answer;
    expect(errors).toMatchObject([{ extensions: { code: 'FLINK_UNAVAILABLE', retryable: true } }]);
    jobManager.accept();
    const [id] = await jobsNamed('away');
    const repeated = await submit('away');
    expect(repeated.data.submitJob).toMatchObject({ outcome: 'ALREADY_RUNNING', job: { id } });
    expect(await jobsNamed('away')).toEqual([id]);
  });
});

describe('a job for which there are too few slots', () => {
  it('says so, waits, cannot be stopped with a savepoint, and can be cancelled', async () => {
    const { data } = await submit('large', 500);
    expect(data.submitJob).toMatchObject({
      outcome: 'STARTED',
      warning: expect.stringMatching(/^It needs 500 slots, \d+ free/),
    });
    const { id } = data.submitJob.job;
    const stopped = await post(gateway.url, `mutation { stopJob(id: "${id}", timeoutMs: 1000) { savepoint } }`);
    expect(stopped.errors).toMatchObject([
      { message: expect.stringContaining('Not all required tasks'), extensions: { code: 'FLINK_REFUSED' } },
    ]);
    await cancel(id);
  });
});

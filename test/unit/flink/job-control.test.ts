import { expect, test } from 'vitest';
import { JobControl } from '../../../src/flink/job-control.ts';
import { RestClient } from '../../../src/flink/rest-client.ts';
import { type FakeAnswer, fakeFlink, type SeenRequest } from './fake-flink.ts';

async function openOn(answer: (request: SeenRequest) => FakeAnswer) {
  const server = await fakeFlink(answer);
  const rest = new RestClient({ baseUrl: server.url, peer: 'Flink', timeoutMs: 5_000 });
  return {
    control: new JobControl(rest),
    seen: server.seen,
    async [Symbol.asyncDispose]() {
      await rest.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const jobId = 'a'.repeat(32);

test('an adaptive scheduler is told the parallelism of every vertex', async () => {
  // Recorded from a Flink 2.3.0 whose jobmanager.scheduler is "adaptive".
  const requirements = {
    '90bea66de1c231edf33913ecd54406c1': { parallelism: { lowerBound: 1, upperBound: 1 } },
    cbc357ccb763df2852fee8c4fc7d55f2: { parallelism: { lowerBound: 1, upperBound: 1 } },
  };
  await using opened = await openOn(({ path, method }) => {
    if (path === '/jobmanager/config') return { body: [{ key: 'jobmanager.scheduler', value: 'adaptive' }] };
    return { body: method === 'GET' ? requirements : {} };
  });
  expect(await opened.control.isAdaptive()).toBe(true);
  await opened.control.requireParallelism(jobId, 2);
  const parallelism = { lowerBound: 1, upperBound: 2 };
  expect(opened.seen.at(-1)).toEqual({
    method: 'PUT',
    path: `/jobs/${jobId}/resource-requirements`,
    body: {
      '90bea66de1c231edf33913ecd54406c1': { parallelism },
      cbc357ccb763df2852fee8c4fc7d55f2: { parallelism },
    },
  });
});

test('another scheduler is not adaptive, and the directories of its state are found by their old and new names', async () => {
  const config = [
    { key: 'execution.checkpointing.savepoint-dir', value: 's3://bucket/savepoints' },
    { key: 'state.checkpoints.dir', value: 's3://bucket/checkpoints' },
    { key: 'web.tmpdir', value: '/tmp/flink' },
  ];
  await using opened = await openOn(() => ({ body: config }));
  expect(await opened.control.isAdaptive()).toBe(false);
  expect(await opened.control.stateDirectories()).toEqual(['s3://bucket/savepoints', 's3://bucket/checkpoints']);
  expect(opened.seen).toHaveLength(1);
});

test('a savepoint that could not be written is told in the words of its root cause', async () => {
  // Recorded from Flink 2.3.0, the stack shortened.
  const trace = [
    'java.util.concurrent.CompletionException: org.apache.flink.runtime.checkpoint.CheckpointException: An Exception occurred while triggering the checkpoint. IO-problem detected.',
    '\tat java.base/java.util.concurrent.CompletableFuture.encodeThrowable(CompletableFuture.java:332)',
    'Caused by: org.apache.flink.runtime.checkpoint.CheckpointException: An Exception occurred while triggering the checkpoint. IO-problem detected.',
    '\t... 3 more',
    'Caused by: java.io.IOException: Failed to create savepoint directory at file:/proc/nope',
    '\t... 3 more',
  ].join('\n');
  await using opened = await openOn(() => ({
    body: {
      status: { id: 'COMPLETED' },
      operation: { 'failure-cause': { class: 'java.util.concurrent.CompletionException', 'stack-trace': trace } },
    },
  }));
  expect(await opened.control.savepointProgress(jobId, 'b'.repeat(32))).toMatchObject({
    state: 'FAILED',
    error: { code: 'FLINK_REFUSED', message: 'Failed to create savepoint directory at file:/proc/nope' },
  });
});

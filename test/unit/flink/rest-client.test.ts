import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { RestClient } from '../../../src/flink/rest-client.ts';
import { fakeFlink } from './fake-flink.ts';
import { recorded } from './recorded.ts';

function clientOf(baseUrl: string, timeoutMs = 2_000): RestClient {
  return new RestClient({ baseUrl, peer: 'The Flink JobManager', timeoutMs });
}

const anything = z.unknown();

describe('the REST client', () => {
  test('asks again when the connection of a GET breaks', async () => {
    let asked = 0;
    await using server = await fakeFlink(() => (++asked < 3 ? null : { body: { ok: true } }));
    const client = clientOf(server.url);
    expect(await client.request('/overview', anything)).toEqual({ ok: true });
    expect(asked).toBe(3);
    await client.close();
  });

  test('sends a POST once, for it may have been carried out', async () => {
    await using server = await fakeFlink(() => null);
    const client = clientOf(server.url);
    const sent = client.request('/v2/sessions', anything, { method: 'POST', body: {} });
    await expect(sent).rejects.toMatchObject({ code: 'FLINK_UNAVAILABLE' });
    expect(server.seen).toHaveLength(1);
    await client.close();
  });

  test('says which side does not answer within the deadline, and where', async () => {
    await using server = await fakeFlink(() => 'never');
    const client = clientOf(server.url, 100);
    await expect(client.request('/overview', anything)).rejects.toMatchObject({
      code: 'FLINK_UNAVAILABLE',
      message: `The Flink JobManager at ${server.url} did not answer within 100 ms.`,
    });
    await client.close();
  });

  test('says that nothing listens at the address', async () => {
    const port = await freePort();
    const client = clientOf(`http://127.0.0.1:${port}`);
    await expect(client.request('/overview', anything)).rejects.toMatchObject({
      code: 'FLINK_UNAVAILABLE',
      message: expect.stringContaining('cannot be reached (connect ECONNREFUSED'),
    });
    await client.close();
  });

  test('does not ask again what Flink has refused', async () => {
    const { status, errors } = recorded('session-gone');
    await using server = await fakeFlink(() => ({ status, body: { errors } }));
    const client = clientOf(server.url);
    await expect(client.request('/x', anything)).rejects.toMatchObject({ code: 'FLINK_REFUSED' });
    expect(server.seen).toHaveLength(1);
    await client.close();
  });

  test('suspects a wrong address when the answer is not what Flink answers', async () => {
    await using server = await fakeFlink(() => ({ body: { hello: 'world' } }));
    const client = clientOf(`${server.url}/flink/`);
    await expect(client.request('/overview', z.object({ slots: z.int() }))).rejects.toMatchObject({
      code: 'FLINK_REFUSED',
      message: expect.stringContaining('Is the address right?'),
    });
    expect(server.seen[0]?.path).toBe('/flink/overview');
    await client.close();
  });

  test('ends what is under way when it is closed', async () => {
    await using server = await fakeFlink(() => 'never');
    const client = clientOf(server.url);
    const sent = client.request('/overview', anything);
    const refused = expect(sent).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await client.close();
    await refused;
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

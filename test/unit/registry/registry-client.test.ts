import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createConfluentApi, createRegistryClient, type RegistryOptions, registryOptions } from '#registry';
import { useTempDir } from '../../support/temp-dir.ts';
import { certificate } from './certificate.ts';
import { openFakeRegistry } from './fake-registry.ts';

const text = JSON.stringify({ type: 'string' });

async function openApi(url: string, more: Partial<RegistryOptions> = {}) {
  const client = await createRegistryClient(registryOptions.parse({ url, retryPausesMs: [1, 1], ...more }));
  return { api: createConfluentApi(client), [Symbol.asyncDispose]: () => client.close() };
}

describe('the client of a schema registry', () => {
  const temp = useTempDir();

  it('reads a schema with all that it refers to, what others need first', async () => {
    await using registry = await openFakeRegistry();
    const reference = (name: string) => ({ name, subject: `of ${name}`, version: 3 });
    registry.add(7, {
      schema: 'top',
      schemaType: 'PROTOBUF',
      references: [reference('a.proto'), reference('b.proto')],
    });
    const versions = '/subjects/of%20';
    registry.answers.set(`${versions}a.proto/versions/3`, { schema: 'a', references: [reference('b.proto')] });
    registry.answers.set(`${versions}b.proto/versions/3`, { schema: 'b', references: [reference('a.proto')] });
    await using opened = await openApi(registry.url);
    expect(await opened.api.schemaById(7)).toEqual({
      type: 'PROTOBUF',
      text: 'top',
      references: [
        { name: 'b.proto', text: 'b' },
        { name: 'a.proto', text: 'a' },
      ],
    });
  });

  it('says who it is: by user and password, or by a token', async () => {
    await using registry = await openFakeRegistry();
    registry.add(1, { schema: text });
    await using basic = await openApi(registry.url, { username: 'ann', password: 'päss' });
    await basic.api.schemaById(1);
    await using bearer = await openApi(registry.url, { token: 'abc' });
    await bearer.api.schemaById(1);
    const sent = registry.headers.map(({ authorization }) => authorization);
    expect(sent).toEqual([`Basic ${Buffer.from('ann:päss').toString('base64')}`, 'Bearer abc']);
  });

  it('trusts the authority of a file, and no other', async () => {
    await using registry = await openFakeRegistry(certificate);
    registry.add(1, { schema: text });
    const caFile = join(temp.path, 'ca.pem');
    await writeFile(caFile, certificate.cert);
    await using trusting = await openApi(registry.url, { caFile });
    expect(await trusting.api.schemaById(1)).toMatchObject({ type: 'AVRO', text });
    await using wary = await openApi(registry.url, { timeoutMs: 2_000 });
    await expect(wary.api.schemaById(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    const missing = createRegistryClient(
      registryOptions.parse({ url: registry.url, caFile: join(temp.path, 'no.pem') }),
    );
    await expect(missing).rejects.toThrow(/^SLUICE_REGISTRY_CA_FILE: .*no.pem cannot be read/);
  });

  it('asks again after a failure that may pass, three times at most', async () => {
    await using registry = await openFakeRegistry();
    registry.add(1, { schema: text });
    let failures = 2;
    registry.spoil = (_request, response) => {
      if (failures === 0) return false;
      failures -= 1;
      response.writeHead(503).end('{"message":"later"}');
      return true;
    };
    await using opened = await openApi(registry.url);
    expect(await opened.api.schemaById(1)).toMatchObject({ text });
    expect(registry.asked).toHaveLength(3);
    failures = 99;
    await expect(opened.api.schemaById(1)).rejects.toThrow(/says 503: later$/);
    expect(registry.asked).toHaveLength(6);
  });

  it.each([
    ['no JSON', (): string => '<html>A proxy</html>'],
    ['another JSON', (): string => '[1, 2]'],
    ['a schema that is no text', (): string => '{"schema": {"type": "string"}}'],
    ['a type that nobody knows', (): string => '{"schema": "x", "schemaType": "COBOL"}'],
    ['half of it', (): string => '{"schema": "'],
  ])('refuses %s, and does not ask again', async (_title, body) => {
    await using registry = await openFakeRegistry();
    registry.spoil = (_request, response) => Boolean(response.end(body()));
    await using opened = await openApi(registry.url);
    await expect(opened.api.schemaById(1)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(registry.asked).toHaveLength(1);
  });

  it('ends a request that gets no answer, or an endless one', async () => {
    await using registry = await openFakeRegistry();
    registry.spoil = () => true;
    await using opened = await openApi(registry.url, { timeoutMs: 100 });
    await expect(opened.api.schemaById(1)).rejects.toThrow(/no answer within 100 ms/);
    registry.spoil = (_request, response) => {
      response.write(`"${'x'.repeat(5 * 1024 * 1024)}`);
      return true;
    };
    await using patient = await openApi(registry.url, { timeoutMs: 5_000 });
    await expect(patient.api.schemaById(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  });

  it('tells a registry that is away, one that refuses, and one that does not let it in', async () => {
    const gone = await openFakeRegistry();
    await gone[Symbol.asyncDispose]();
    await using away = await openApi(gone.url);
    await expect(away.api.latest('a')).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true });
    await using registry = await openFakeRegistry();
    await using opened = await openApi(registry.url);
    await expect(opened.api.latest('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    registry.spoil = (_request, response) => Boolean(response.writeHead(401).end('{"message":"who?"}'));
    await expect(opened.api.latest('a')).rejects.toThrow(/does not let the gateway in \(401\): who\?/);
    registry.spoil = (_request, response) => Boolean(response.writeHead(422).end('{"message":"bad schema"}'));
    const schema = { type: 'AVRO', text: '{', references: [] } as const;
    await expect(opened.api.register('a', schema)).rejects.toThrow(/says 422: bad schema/);
  });
});

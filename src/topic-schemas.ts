import type { Config } from '#config';
import type { FoundTopic, RegisteredTopic } from '#declare';
import { messageOf, SluiceError } from '#errors';
import { type ConfluentApi, createConfluentApi, createRegistryClient, registryOptions } from '#registry';

/** What commands ask of a schema registry. Whoever opened it closes it. */
export interface TopicSchemas extends AsyncDisposable {
  /**
   * The latest schemas of a topic's values and keys, and those that the records name; null: it has neither.
   * Rejects when the registry cannot tell.
   */
  of(topic: string, records: FoundTopic['sample']): Promise<RegisteredTopic | null>;
}

type Schemas = RegisteredTopic['schemas'];
type Numbered = NonNullable<RegisteredTopic['value']>;
/** Of a schema's id in a record (Confluent's wire format): a zero, and four bytes. */
const framingBytes = 5;

/** Opens the configured registry; null: none is. */
export async function openTopicSchemas({ registry }: Config): Promise<TopicSchemas | null> {
  const { url, mode, username, password, token, caFile, certFile, keyFile } = registry;
  if (url === null) return null;
  const settings = { url, mode, username, password, token, caFile, certFile, keyFile };
  const client = await createRegistryClient(registryOptions.parse(settings));
  const api = createConfluentApi(client);
  return {
    async of(topic, records) {
      const value = await latest(api, `${topic}-value`);
      const keyWriter = await latest(api, `${topic}-key`);
      if (value === null && keyWriter === null) return null;
      return { value, schemas: await schemasOf(api, records, { writer: value, keyWriter }) };
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function latest(api: ConfluentApi, subject: string): Promise<Numbered | null> {
  try {
    return await api.latest(subject);
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'NOT_FOUND') return null;
    throw thrown;
  }
}

async function schemasOf(
  api: ConfluentApi,
  records: FoundTopic['sample'],
  writers: { readonly writer: Numbered | null; readonly keyWriter: Numbered | null },
): Promise<Schemas> {
  const ids = new Set(records.flatMap(({ key, value }) => [...idOf(key), ...idOf(value)]));
  const known = new Map<number, ReturnType<Schemas['byId']>>();
  for (const id of ids) {
    const fault = (thrown: unknown) => ({ type: 'FAULT', reason: messageOf(thrown), retry: false }) as const;
    known.set(id, await api.schemaById(id).catch(fault));
  }
  return { byId: (id) => known.get(id), ...writers };
}

function idOf(bytes: Buffer | null): readonly number[] {
  return bytes !== null && bytes.length >= framingBytes && bytes[0] === 0 ? [bytes.readUInt32BE(1)] : [];
}

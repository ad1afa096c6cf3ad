import type { Side } from '#codec';
import type { Config } from '#config';
import { type FoundTopic, type RegisteredTopic, schemaIdsOf, schemaOfRecords } from '#declare';
import { messageOf, SluiceError } from '#errors';
import { type ConfluentApi, createConfluentApi, createRegistryClient, registryOptions } from '#registry';

/** What commands ask of a schema registry. Whoever opened it closes it. */
export interface TopicSchemas extends AsyncDisposable {
  /**
   * The latest schemas of a topic's values and keys, and those that the records name; null: it has neither. A topic
   * without a subject of its own has those that its records name. Rejects when the registry cannot tell.
   */
  of(topic: string, records: FoundTopic['sample']): Promise<RegisteredTopic | null>;
}

type Schemas = RegisteredTopic['schemas'];
type Numbered = NonNullable<RegisteredTopic['value']>;
/** Of each side of a topic's records. Real topics have a handful; bytes that only look like ids must not make a flood. */
const maxIds = 50;

/** Opens the configured registry; null: none is. */
export async function openTopicSchemas({ registry }: Config): Promise<TopicSchemas | null> {
  const { url, mode, username, password, token, caFile, certFile, keyFile } = registry;
  if (url === null) return null;
  const settings = { url, mode, username, password, token, caFile, certFile, keyFile };
  const client = await createRegistryClient(registryOptions.parse(settings));
  const api = createConfluentApi(client);
  return {
    async of(topic, records) {
      const [values, keys] = [records.map(({ value }) => value), records.map(({ key }) => key)];
      const byId = await schemasOf(api, [...newestIds(values), ...newestIds(keys)]);
      const value = await latest(api, `${topic}-value`);
      const key = await latest(api, `${topic}-key`);
      const keyWriter = key ?? schemaOfRecords(keys, byId).schema;
      const { schema, types } = value === null ? schemaOfRecords(values, byId) : { schema: value, types: [] };
      if (schema === null && keyWriter === null && types.length === 0) return null;
      const subjects = new Set<Side>([...(value ? ['VALUE' as const] : []), ...(key ? ['KEY' as const] : [])]);
      return { value: schema, recordTypes: types, subjects, schemas: { byId, writer: value, keyWriter } };
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

function newestIds(bytes: readonly (Buffer | null)[]): readonly number[] {
  return [...new Set(schemaIdsOf(bytes).toReversed())].slice(0, maxIds);
}

/** What the registry says of each id. */
async function schemasOf(api: ConfluentApi, ids: readonly number[]): Promise<Schemas['byId']> {
  const known = new Map<number, ReturnType<Schemas['byId']>>();
  for (const id of new Set(ids)) {
    const fault = (thrown: unknown) => ({ type: 'FAULT', reason: messageOf(thrown), retry: false }) as const;
    known.set(id, await api.schemaById(id).catch(fault));
  }
  return (id) => known.get(id);
}

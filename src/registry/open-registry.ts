import { setTimeout as sleep } from 'node:timers/promises';
import { type Source, usesRegistry } from '#model';
import { createConfluentApi } from './confluent-api.ts';
import type { Logger, RegistryOptions } from './options.ts';
import { createRegistryClient } from './registry-client.ts';
import { SchemaCache } from './schema-cache.ts';
import { SourceSchemas } from './source-schemas.ts';

/** A schema registry that is in use. Whoever opened it closes it. */
export interface Registry {
  /** By topic, the schemas of each source that has any. */
  readonly schemas: ReadonlyMap<string, SourceSchemas>;
  /**
   * Holds every declaration against its subject. Resolves after the first attempt, or when the registry takes too long
   * with it; what could not be settled is tried again until it is. Never rejects.
   */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** What {@link openRegistry} needs. */
export interface RegistryParts {
  readonly settings: RegistryOptions;
  readonly sources: readonly Source[];
  readonly logger: Logger;
  /** Milliseconds since the epoch; the clock when absent. */
  readonly now?: () => number;
}

/** While the registry does not answer, nothing that is not known is asked for, for so long. */
const pauseMs = 2_000;

/** Prepares the schemas of all sources that have some. Rejects with `BAD_CONFIG`; asks the registry nothing yet. */
export async function openRegistry({ settings, sources, logger, now = Date.now }: RegistryParts): Promise<Registry> {
  const client = await createRegistryClient(settings);
  const api = createConfluentApi(client);
  const ending = new AbortController();
  const { forgetMs } = settings;
  const cache = new SchemaCache({ fetch: (id) => api.schemaById(id), forgetMs, pauseMs, signal: ending.signal, now });
  const parts = { api, cache, settings, logger, signal: ending.signal, now };
  const schemas = new Map(
    sources.filter(usesRegistry).map((source) => [source.topic, new SourceSchemas({ source, ...parts })]),
  );
  return {
    schemas,
    async settle() {
      const all = Promise.all([...schemas.values()].map((each) => each.settle()));
      await Promise.race([all, sleep(settings.waitMs, undefined, { ref: false })]);
    },
    async close() {
      ending.abort();
      await client.close();
    },
  };
}

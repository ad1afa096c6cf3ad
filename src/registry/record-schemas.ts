import { setTimeout as sleep } from 'node:timers/promises';
import { Allowance } from './allowance.ts';
import type { SchemaCache } from './schema-cache.ts';
import { schemaIdOf } from './schema-id.ts';

/** What of a record names schemas. */
export interface FramedRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** How {@link RecordSchemas} asks. */
export interface RecordSchemasOptions {
  readonly cache: SchemaCache;
  /** Which of the two carry an id. */
  readonly sides: { readonly key: boolean; readonly value: boolean };
  /** The longest that records wait. */
  readonly waitMs: number;
  /** Ids that records may have asked for at once, and how many more each second. */
  readonly burst: number;
  readonly perSecond: number;
  now(): number;
}

/** Gets the schemas that a topic's records name before the records are decoded. */
export class RecordSchemas {
  readonly #options: RecordSchemasOptions;
  readonly #allowance: Allowance;
  /** The last one seen at hand: most records of a topic have the same. */
  #valueId = -1;
  #keyId = -1;

  constructor(options: RecordSchemasOptions) {
    this.#options = options;
    this.#allowance = new Allowance(options);
  }

  /**
   * Null, without any work, when everything that the records name is known. Else resolves as soon as it is, or when it
   * is known that it cannot be had now, or when the time is up. Never rejects.
   */
  prepare(records: readonly FramedRecord[]): Promise<void> | null {
    const { sides } = this.#options;
    let missing: Set<number> | null = null;
    for (const { key, value } of records) {
      if (sides.value) {
        const id = schemaIdOf(value);
        if (id !== this.#valueId && id !== -1) {
          if (this.#isKnown(id)) this.#valueId = id;
          else missing = (missing ?? new Set()).add(id);
        }
      }
      if (sides.key) {
        const id = schemaIdOf(key);
        if (id !== this.#keyId && id !== -1) {
          if (this.#isKnown(id)) this.#keyId = id;
          else missing = (missing ?? new Set()).add(id);
        }
      }
    }
    return missing && this.#load(missing);
  }

  #isKnown(id: number): boolean {
    const found = this.#options.cache.get(id);
    return found !== undefined && found.type !== 'FAULT';
  }

  async #load(ids: ReadonlySet<number>): Promise<void> {
    const { cache, waitMs } = this.#options;
    const loading: Promise<void>[] = [];
    for (const id of ids) {
      if (cache.get(id) !== undefined) continue;
      // Records with made-up ids must not make a flood of questions.
      if (cache.isPending(id) || this.#allowance.take()) loading.push(cache.load(id));
    }
    if (loading.length === 0) return;
    const waited = new AbortController();
    const late = sleep(waitMs, 'late', { signal: waited.signal }).catch(() => 'in time');
    const outcome = await Promise.race([Promise.all(loading), late]);
    waited.abort();
    if (outcome === 'late') cache.pause('the schema is not at hand: the schema registry was too slow to answer');
  }
}

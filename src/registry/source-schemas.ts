import { setTimeout as sleep } from 'node:timers/promises';
import {
  hasSchema,
  type NumberedSchema,
  type RegisteredSchema,
  type SchemaFault,
  type Schemas,
  type Side,
} from '#codec';
import type { Source } from '#model';
import type { ConfluentApi } from './confluent-api.ts';
import type { Logger, RegistryOptions } from './options.ts';
import { type FramedRecord, RecordSchemas } from './record-schemas.ts';
import type { SchemaCache } from './schema-cache.ts';
import { type SubjectState, settleSubject } from './subject.ts';

/** What the schemas of one source are had from. */
export interface SourceSchemasOptions {
  readonly source: Source;
  readonly api: ConfluentApi;
  readonly cache: SchemaCache;
  readonly settings: RegistryOptions;
  readonly logger: Logger;
  /** Ends the looking. */
  readonly signal: AbortSignal;
  now(): number;
}

const firstRetryMs = 500;
const longestRetryMs = 15_000;

/** The schemas of one declared stream: those its records name, and the one that new records are written with. */
export class SourceSchemas implements Schemas {
  readonly source: Source;
  readonly #options: SourceSchemasOptions;
  readonly #records: RecordSchemas;
  readonly #sides: readonly Side[];
  readonly #states = new Map<Side, SubjectState>();
  #revision = 0;
  #writer: NumberedSchema | null = null;
  #keyWriter: NumberedSchema | null = null;

  constructor(options: SourceSchemasOptions) {
    const { source, cache, settings, now } = options;
    this.source = source;
    this.#options = options;
    this.#sides = (['VALUE', 'KEY'] as const).filter((side) => hasSchema(source, side));
    const sides = { value: hasSchema(source, 'VALUE'), key: hasSchema(source, 'KEY') };
    this.#records = new RecordSchemas({ cache, sides, ...settings, now });
  }

  // Plain fields: they are looked at for every record.
  get writer(): NumberedSchema | null {
    return this.#writer;
  }

  get keyWriter(): NumberedSchema | null {
    return this.#keyWriter;
  }

  /** What the value's subject has at last; null: nothing; undefined: that is not known. */
  get latest(): RegisteredSchema | null | undefined {
    const latest = this.#states.get('VALUE')?.latest;
    return latest === null ? null : latest?.schema;
  }

  /** How often {@link latest} has changed. */
  get revision(): number {
    return this.#revision;
  }

  /** What is wrong at present, for people: nothing can be produced, or what is not known yet cannot be had; null: nothing is. */
  get trouble(): string | null {
    if (this.problem !== null) return this.problem;
    const { away } = this.#options.cache;
    return away && `${this.source.typeName}: records whose schema is not known yet do not decode: ${away}`;
  }

  /** What others may write that would not decode, for people; null: nothing. */
  get note(): string | null {
    const notes = [...this.#states.values()].flatMap(({ note }) => note ?? []);
    return notes.length === 0 ? null : notes.join('\n');
  }

  /** Why nothing can be produced, for people; null when it can. */
  get problem(): string | null {
    for (const side of this.#sides) {
      const state = this.#states.get(side);
      if (!state) return `${this.source.typeName}: the schema registry was not asked yet.`;
      if (state.problem !== null) return state.problem;
    }
    return null;
  }

  byId(id: number): RegisteredSchema | SchemaFault | undefined {
    return this.#options.cache.get(id);
  }

  /** See {@link RecordSchemas.prepare}. */
  prepare(records: readonly FramedRecord[]): Promise<void> | null {
    return this.#records.prepare(records);
  }

  /** Holds the declaration against the registry; resolves after the first attempt, whatever came of it. */
  async settle(): Promise<void> {
    if (await this.#attempt()) return;
    void this.#retry();
  }

  /** Looks again until nothing is left that could change: the registry comes back, somebody registers the subject. */
  async #retry(): Promise<void> {
    const { signal } = this.#options;
    for (let pauseMs = firstRetryMs; ; pauseMs = Math.min(pauseMs * 2, longestRetryMs)) {
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted || (await this.#attempt())) return;
    }
  }

  /** False when a later attempt is worthwhile. */
  async #attempt(): Promise<boolean> {
    const { api, cache, settings, source, signal } = this.#options;
    const unsettled = this.#sides.filter((side) => this.#states.get(side)?.mayChange ?? true);
    for (const side of unsettled) {
      const state = await settleSubject(api, { source, side, mode: settings.mode });
      if (signal.aborted) return true;
      const before = this.#states.get(side);
      this.#tell(state, before);
      if (before?.latest?.id !== state.latest?.id || before?.latest === undefined) this.#revision += 1;
      this.#states.set(side, state);
      if (side === 'VALUE') this.#writer = state.writer;
      else this.#keyWriter = state.writer;
      if (state.writer) cache.add(state.writer.id, state.writer.schema);
    }
    return this.#sides.every((side) => this.#states.get(side)?.mayChange === false);
  }

  #tell(state: SubjectState, before: SubjectState | undefined): void {
    const { logger, source } = this.#options;
    const facts = { topic: source.topic };
    if (state.done !== null) logger.info(facts, state.done);
    if (state.note !== null) logger.warn(facts, `${state.note}\nRecords that use it do not decode.`);
    if (state.problem === null) {
      if (before?.problem) logger.info(facts, `${source.typeName}: the schema registry has what it needs now.`);
      return;
    }
    if (state.problem === before?.problem) return;
    logger.error(facts, `${state.problem}\nThe gateway serves; ${source.topic} can be read, but not produced to.`);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { RegisteredSchema, SchemaFault } from '#codec';
import { SluiceError } from '#errors';

/** What a {@link SchemaCache} asks and how long it remembers a failure. */
export interface SchemaCacheOptions {
  /** Rejects with `NOT_FOUND` when there is no such id. */
  fetch(id: number): Promise<RegisteredSchema>;
  /** How long an id that there is none of is not asked for again. */
  readonly forgetMs: number;
  /** How long a registry that does not answer is not asked for anything new. */
  readonly pauseMs: number;
  /** Ends the asking whether the registry answers again. */
  readonly signal: AbortSignal;
  now(): number;
}

interface Failure {
  readonly fault: SchemaFault;
  readonly untilMs: number;
}

/** Ids come from records, so whoever writes records chooses them: what is kept of them has bounds. */
const mostSchemas = 5_000;
const mostSchemaChars = 64 * 1024 * 1024;
const mostFailures = 10_000;
const mostPending = 256;
const longestPauseMs = 15_000;

/**
 * Schemas by id, each fetched once whoever asks: an id means the same schema for good. An id that the registry does not
 * know is not asked for again for a while, and while the registry is away nothing new is asked.
 */
export class SchemaCache {
  readonly #options: SchemaCacheOptions;
  readonly #known = new Map<number, RegisteredSchema>();
  readonly #failed = new Map<number, Failure>();
  readonly #pending = new Map<number, Promise<void>>();
  #chars = 0;
  #away: Failure | null = null;
  #isRecovering = false;

  constructor(options: SchemaCacheOptions) {
    this.#options = options;
  }

  /** The schema, or why there is none at present; undefined when that is not known. */
  get(id: number): RegisteredSchema | SchemaFault | undefined {
    return this.#known.get(id) ?? this.#failureOf(id)?.fault;
  }

  /** Why the registry did not answer when it was asked last; null: it did. */
  get away(): string | null {
    return this.#away?.fault.reason ?? null;
  }

  /** Whether the schema is being fetched. */
  isPending(id: number): boolean {
    return this.#pending.has(id);
  }

  /** Resolves when {@link get} knows. Never rejects; does nothing, at once, when too many are being fetched. */
  load(id: number): Promise<void> {
    const pending = this.#pending.get(id);
    if (pending) return pending;
    if (this.#pending.size >= mostPending || this.get(id) !== undefined) return Promise.resolve();
    return this.#start(id);
  }

  /** Puts in what is known otherwise. */
  add(id: number, schema: RegisteredSchema): void {
    if (this.#known.has(id)) return;
    this.#known.set(id, schema);
    this.#chars += sizeOf(schema);
    for (const [oldest, old] of this.#known) {
      if (this.#known.size <= mostSchemas && this.#chars <= mostSchemaChars) return;
      if (oldest === id) return;
      this.#known.delete(oldest);
      this.#chars -= sizeOf(old);
    }
  }

  /** For a moment nobody waits for what is not known: the registry was too slow or did not answer. */
  pause(reason: string): void {
    const untilMs = this.#options.now() + this.#options.pauseMs;
    this.#away = { fault: { type: 'FAULT', reason, retry: true }, untilMs };
  }

  #start(id: number): Promise<void> {
    const loading = this.#fetch(id).finally(() => this.#pending.delete(id));
    this.#pending.set(id, loading);
    return loading;
  }

  /** Asks until the registry answers again, so that it is known to although no record asks. */
  async #recover(id: number): Promise<void> {
    if (this.#isRecovering) return;
    this.#isRecovering = true;
    const { pauseMs: firstPauseMs, signal } = this.#options;
    for (let pauseMs = firstPauseMs; this.#away; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      if (this.#away) await (this.#pending.get(id) ?? this.#start(id));
    }
    this.#isRecovering = false;
  }

  async #fetch(id: number): Promise<void> {
    try {
      this.add(id, await this.#options.fetch(id));
      this.#failed.delete(id);
      this.#away = null;
    } catch (thrown) {
      if (thrown instanceof SluiceError && thrown.retryable) {
        this.pause(`the schema ${id} is not at hand: ${thrown.message}`);
        void this.#recover(id);
        return;
      }
      this.#away = null;
      const reason =
        thrown instanceof SluiceError && thrown.code === 'NOT_FOUND'
          ? `the schema registry has no schema ${id}`
          : `the schema ${id} cannot be had: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      this.#remember(id, reason);
    }
  }

  #remember(id: number, reason: string): void {
    // Anew, so that the oldest stand first.
    this.#failed.delete(id);
    const untilMs = this.#options.now() + this.#options.forgetMs;
    this.#failed.set(id, { fault: { type: 'FAULT', reason, retry: true }, untilMs });
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= mostFailures) return;
      this.#failed.delete(oldest);
    }
  }

  #failureOf(id: number): Failure | null {
    const nowMs = this.#options.now();
    const failure = this.#failed.get(id);
    if (failure) {
      if (failure.untilMs > nowMs) return failure;
      this.#failed.delete(id);
    }
    if (this.#away && this.#away.untilMs > nowMs) return this.#away;
    return null;
  }
}

function sizeOf({ text, references }: RegisteredSchema): number {
  return references.reduce((sum, reference) => sum + reference.text.length, text.length);
}

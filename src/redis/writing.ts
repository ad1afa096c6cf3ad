import { messageOf, SluiceError } from '#errors';
import type { RedisPlace, Stream } from '#model';
import type { Connection } from './connection.ts';
import { createEntryFields, type EntryFields } from './entry-fields.ts';
import { offsetAtTime, toEntryId, toOffset, toTimeMs } from './entry-id.ts';
import type { AppendOutcome, PublishOutcome } from './types.ts';

/** Writes to Redis: commands of a call are sent together, and Redis carries them out in order. */
export class RedisWriting {
  readonly #connection: Connection;
  readonly #fields = new WeakMap<Stream, EntryFields>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Adds entries with ids that Redis makes; what is older than the stream keeps is trimmed, roughly, as Redis finds cheap. */
  append(source: Stream, place: RedisPlace, values: readonly Buffer[], deadlineMs: number): Promise<AppendOutcome[]> {
    const { name, keptMs } = place;
    const fields = this.#fieldsOf(source);
    const trim = keptMs === null ? [] : ['MINID', '~', toEntryId(offsetAtTime(Date.now() - keptMs))];
    return Promise.all(
      values.map(async (value): Promise<AppendOutcome> => {
        try {
          const args = ['XADD', name, ...trim, '*', ...fields.toFields(value)];
          const offset = toOffset(String(await this.#connection.command(`XADD to "${name}"`, args, deadlineMs)));
          return { outcome: 'ACKED', partition: 0, offset, timestampMs: toTimeMs(offset) };
        } catch (error) {
          return { ...failed(error), partition: null };
        }
      }),
    );
  }

  /** Publishes messages; the answer is how many connections Redis gave each to. */
  publish({ name }: RedisPlace, values: readonly Buffer[], deadlineMs: number): Promise<PublishOutcome[]> {
    return Promise.all(
      values.map(async (value): Promise<PublishOutcome> => {
        try {
          const reply = await this.#connection.command(`PUBLISH to "${name}"`, ['PUBLISH', name, value], deadlineMs);
          return { outcome: 'ACKED', receivers: Number(reply) };
        } catch (error) {
          return failed(error);
        }
      }),
    );
  }

  #fieldsOf(source: Stream): EntryFields {
    const known = this.#fields.get(source);
    const fields = known ?? createEntryFields(source);
    if (!known) this.#fields.set(source, fields);
    return fields;
  }
}

function failed(error: unknown): { readonly outcome: 'NOT_WRITTEN' | 'UNKNOWN'; readonly error: SluiceError } {
  if (!(error instanceof SluiceError)) {
    return { outcome: 'UNKNOWN', error: new SluiceError('INTERNAL', messageOf(error), { cause: error }) };
  }
  const isSent = error.code === 'REDIS_UNAVAILABLE' && error.details['isSent'] === true;
  return { outcome: isSent ? 'UNKNOWN' : 'NOT_WRITTEN', error };
}

import { messageOf, SluiceError } from '#errors';
import type { NewRecord } from '#kafka';
import type { DeclaredNode } from './declared-types.ts';
import type { ServedSource } from './gateway.ts';
import { badArgument } from './record-types.ts';

/** The header by which readers recognise an event that was written twice: `<key>/<index>`. */
const idempotencyHeader = 'sluice-idempotency-key';

/** Most events, or keys, in a call. */
export const maxEvents = 10_000;

const maxKeyLength = 200;
const longestTimeoutMs = 600_000;
/** 2286-11-20: later ones have more than the 13 digits that the writer takes. */
const firstTimestampTooLateMs = 1e13;

/** `ProduceOptions` as GraphQL coerced it. */
export interface ProduceOptions {
  readonly headers?:
    | readonly { readonly name: string; readonly value?: string | null | undefined }[]
    | null
    | undefined;
  readonly partition?: number | null | undefined;
  readonly timestamp?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
  readonly atomic?: boolean | null | undefined;
  readonly timeoutMs?: number | null | undefined;
}

/** Events for one stream, or keys to delete, as GraphQL coerced them. */
export interface EventList {
  readonly served: ServedSource;
  readonly kind: 'EVENTS' | 'KEYS';
  readonly events: readonly DeclaredNode[];
  /** Where they stand in the arguments, to be named in errors and in the idempotency header: `events`, `batch.userClicks`. */
  readonly path: readonly string[];
}

/** Refuses options that cannot be meant. */
export function checkOptions({ headers, timestamp, idempotencyKey, timeoutMs }: ProduceOptions): void {
  for (const text of [idempotencyKey, ...(headers ?? []).flatMap(({ name, value }) => [name, value])]) {
    if (text?.isWellFormed() === false)
      throw badArgument(
        'options',
        'headers and "idempotencyKey" have no half of a surrogate pair: UTF-8 cannot write it.',
      );
  }
  if (headers?.some(({ name }) => name === idempotencyHeader))
    throw badArgument('options.headers', `"${idempotencyHeader}" is written by the gateway: give "idempotencyKey".`);
  const timestampMs = timestamp ? Date.parse(timestamp) : 0;
  if (timestampMs < 0 || timestampMs >= firstTimestampTooLateMs)
    throw badArgument('options.timestamp', `a time from 1970 to 2286 is wanted, not ${timestamp}.`);
  if (typeof idempotencyKey === 'string' && (idempotencyKey.length < 1 || idempotencyKey.length > maxKeyLength))
    throw badArgument('options.idempotencyKey', `1 to ${maxKeyLength} characters, not ${idempotencyKey.length}.`);
  if (typeof timeoutMs === 'number' && (timeoutMs < 1 || timeoutMs > longestTimeoutMs))
    throw badArgument('options.timeoutMs', `a number from 1 to ${longestTimeoutMs} is wanted, not ${timeoutMs}.`);
}

/** Checks and encodes every event of a list. Throws `BAD_EVENT` for the first that does not fit its type. */
export function toRecords(
  { served: { source, codec }, kind, events, path }: EventList,
  options: ProduceOptions,
  now: number,
): NewRecord[] {
  if (events.length < 1 || events.length > maxEvents)
    throw badArgument(
      path.join('.'),
      `1 to ${maxEvents} ${kind === 'KEYS' ? 'keys' : 'events'}, not ${events.length}.`,
    );
  const timestampMs = options.timestamp ? Date.parse(options.timestamp) : now;
  const timeField = source.kind === 'stream' ? source.eventTime.field?.name : undefined;
  const nowText = new Date(now).toISOString();
  const headers = (options.headers ?? []).map(({ name, value }) => ({ name, value: toBytes(value) }));
  const place = path.length > 1 ? `${path.slice(1).join('.')}/` : '';
  return events.map((event, index) => {
    const isUntimed = timeField !== undefined && (event[timeField] ?? null) === null;
    const node = isUntimed ? { ...event, [timeField]: nowText } : event;
    try {
      return {
        key: codec.encodeKey(node),
        value: kind === 'KEYS' ? null : codec.encode(node),
        headers: options.idempotencyKey
          ? [...headers, { name: idempotencyHeader, value: toBytes(`${options.idempotencyKey}/${place}${index}`) }]
          : headers,
        timestampMs,
        ...(typeof options.partition === 'number' && { partition: options.partition }),
      };
    } catch (error) {
      throw badEvent([...path, index], error);
    }
  });
}

function badEvent(path: readonly (string | number)[], error: unknown): SluiceError {
  const place = path.map((step, depth) => (typeof step === 'number' ? `[${step}]` : depth === 0 ? step : `.${step}`));
  const reason = messageOf(error);
  const message = `${place.join('')}: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} Nothing of this call was written.`;
  // What another room says of itself, such as a registry that is away, keeps its code.
  if (error instanceof SluiceError && error.code !== 'BAD_EVENT') {
    return new SluiceError(error.code, message, { details: { ...error.details, path }, cause: error });
  }
  return new SluiceError('BAD_EVENT', message, { details: { path }, cause: error });
}

function toBytes(value: string | null | undefined): Buffer | null {
  return value === null || value === undefined ? null : Buffer.from(value);
}

import type { SluiceError } from '#errors';
import type { WriteOutcome } from '#kafka';
import type { Builder } from './builder.ts';

/** What became of one event. */
export interface Produced {
  readonly topic: string;
  readonly result: WriteOutcome;
  readonly cursor: () => string;
}

/** What a produce call came to. */
export interface ProduceResult {
  readonly records: readonly Produced[];
  readonly before: () => string;
}

/** Adds the types that every produce mutation shares. */
export function addProduceTypes(builder: Builder) {
  const outcome = builder.enumType('ProduceOutcome', {
    description: 'What became of an event.',
    values: {
      ACKED: { description: 'It is in the log, on all in-sync replicas.' },
      NOT_WRITTEN: { description: 'It is not in the log. Producing it again cannot double it.' },
      UNKNOWN: { description: 'It was sent, and no answer came in time: it may or may not be in the log.' },
    } as const,
  });

  const error = builder.objectRef<Pick<SluiceError, 'code' | 'message'>>('ProduceError').implement({
    description: 'Why an event was not acknowledged.',
    fields: (t) => ({
      code: t.exposeString('code', { description: 'A stable code, as in `extensions.code` of errors.' }),
      message: t.exposeString('message', { description: 'What happened, for people.' }),
    }),
  });

  const record = builder.objectRef<Produced>('ProducedRecord').implement({
    description: 'What became of one event, and where it lies.',
    fields: (t) => ({
      outcome: t.field({ type: outcome, description: 'What became of it.', resolve: ({ result }) => result.outcome }),
      topic: t.exposeString('topic', { description: 'The Kafka topic.' }),
      partition: t.int({
        nullable: true,
        description: 'The partition, where known.',
        resolve: ({ result }) => result.partition,
      }),
      offset: t.field({
        type: 'BigInt',
        nullable: true,
        description: 'The offset; only of acknowledged events.',
        resolve: ({ result }) => (result.outcome === 'ACKED' ? result.offset : null),
      }),
      timestamp: t.field({
        type: 'DateTime',
        nullable: true,
        description: "The record's timestamp; only of acknowledged events.",
        resolve: ({ result }) => (result.outcome === 'ACKED' ? result.timestampMs : null),
      }),
      cursor: t.field({
        type: 'Cursor',
        nullable: true,
        description: 'The place after this record; only of acknowledged events.',
        resolve: ({ result, cursor }) => (result.outcome === 'ACKED' ? cursor() : null),
      }),
      error: t.field({
        type: error,
        nullable: true,
        description: 'Why it was not acknowledged.',
        resolve: ({ result }) => (result.outcome === 'ACKED' ? null : toData(result.error)),
      }),
    }),
  });

  const payload = builder.objectRef<ProduceResult>('ProducePayload').implement({
    description: 'The outcome of a produce call: one entry an event, in order.',
    fields: (t) => ({
      records: t.field({
        type: [record],
        description: 'What became of each event.',
        resolve: (result) => [...result.records],
      }),
      before: t.field({
        type: 'Cursor',
        description: 'A place just before the first of them: subscribe `after` it and see your own events.',
        resolve: (result) => result.before(),
      }),
    }),
  });

  return { payload, outcome, error, options: addProduceOptions(builder) };
}

/** The types that {@link addProduceTypes} made. */
export type ProduceTypes = ReturnType<typeof addProduceTypes>;

function addProduceOptions(builder: Builder) {
  const header = builder.inputType('RecordHeaderInput', {
    description: 'A header to write with a record.',
    fields: (t) => ({
      name: t.string({ required: true, description: "The header's name." }),
      value: t.string({ description: 'Its value, written as UTF-8 text.' }),
    }),
  });

  return builder.inputType('ProduceOptions', {
    description: 'How to write the records of a call.',
    fields: (t) => ({
      headers: t.field({ type: [header], description: 'Headers of every record.' }),
      partition: t.int({ description: 'The partition of every record; chosen by the key when absent.' }),
      timestamp: t.field({ type: 'DateTime', description: 'The timestamp of every record; now when absent.' }),
      idempotencyKey: t.string({
        description:
          'Of your choice, for this call alone: the same call with the same key again, within ten minutes unless configured, has the answer of the first. Each record carries `<key>/<index>` in its header `sluice-idempotency-key`.',
      }),
      atomic: t.boolean({
        description: 'One Kafka transaction: all events become visible to readers of committed records, or none does.',
      }),
      timeoutMs: t.int({
        description: 'When every event has its outcome at the latest, in milliseconds; as configured when absent.',
      }),
    }),
  });
}

/** An Error that a resolver returns counts as thrown; this one is data. */
function toData({ code, message }: SluiceError): Pick<SluiceError, 'code' | 'message'> {
  return { code, message };
}

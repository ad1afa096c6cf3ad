import { isTable } from '#model';
import type { BuildContext, Builder } from './builder.ts';
import type { ServedSource } from './gateway.ts';
import type { TypeRef } from './job-types.ts';

/** Adds to the type `Stream` what tells how final its rows are, how complete, and how many do not decode. */
export function addCompleteness({ builder, gateway }: BuildContext, stream: TypeRef<ServedSource>): void {
  const finality = addFinality(builder);
  builder.objectFields(stream, (t) => ({
    rows: t.field({
      type: finality,
      description: 'Whether its rows are final.',
      resolve: ({ source }) => (isTable(source) ? 'UPDATING' : 'FINAL'),
    }),
    watermark: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'The event time up to which the results of a view are complete and in its topic. To ask begins to look after it: null until some checkpoints of its job later, for streams, and where Flink tells none.',
      resolve: ({ source }) => (source.kind === 'view' ? (gateway.watermarks?.latest(source.topic) ?? null) : null),
    }),
    badRecords: t.field({
      type: 'BigInt',
      description:
        'How often this gateway has come upon a record that does not fit since its start: each that it reads, and again when it reads it again, be it for another reader; of a stream with dead letters, each that it looked through for them, whoever reads it; and each that it does not copy from Redis to Kafka.',
      resolve: ({ badRecords }) => badRecords.count,
    }),
    deadLetterTopic: t.string({
      nullable: true,
      description: 'Where bad records are copied to; null unless the stream is declared with DEAD_LETTER.',
      resolve: ({ source }) => (source.kind === 'stream' ? source.deadLetterTopic : null),
    }),
  }));
}

function addFinality(builder: Builder) {
  return builder.enumType('RowFinality', {
    description: 'Whether rows are final.',
    values: {
      FINAL: { description: 'Append-only: a row never changes. Its edge says INSERT.' },
      UPDATING: { description: 'A table: a row may change (its edge says UPSERT) or go (DELETE).' },
    } as const,
  });
}

import type { Field, FieldType, ScalarName, Stream } from '#model';

const place = { file: 'schema/test.graphql', line: 1, column: 1 };

/** A field of a declaration, for tests; the column is the name unless given. */
export function field(name: string, type: ScalarName | FieldType, options: Partial<Field> = {}): Field {
  const declared: FieldType = typeof type === 'string' ? { kind: 'scalar', name: type } : type;
  return { name, column: name, description: null, type: declared, required: false, place, ...options };
}

/** A declared stream with these fields. */
export function stream(fields: readonly Field[], options: Partial<Stream> = {}): Stream {
  return {
    kind: 'stream',
    typeName: 'Thing',
    description: null,
    topic: 'things',
    plural: 'things',
    fields,
    key: [],
    keyFormat: (options.key?.length ?? 0) > 1 ? 'JSON' : 'STRING',
    partitions: 1,
    retentionMs: 1,
    cleanup: 'DELETE',
    format: 'JSON',
    source: 'KAFKA',
    redis: null,
    into: null,
    onBadRecord: 'REPORT',
    deadLetterTopic: null,
    eventTime: { field: null, delayMs: 0 },
    place,
    ...options,
  };
}

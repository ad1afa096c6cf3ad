import { createHash } from 'node:crypto';
import { type Field, type FieldType, isTable, kafkaSourcesOf, type Model, type View } from '#model';

/**
 * Raised when the tables or statements around a view's SQL change so that a job of an earlier version must be replaced
 * although nothing was declared anew.
 */
const layoutVersion = 1;

/**
 * The identity of what a view's job computes: 32 hex digits, equal on every gateway and after every restart as long
 * as nothing changes that its rows or its state depend on. Descriptions, retention and addresses are not part of it.
 */
export function hashView(view: View, model: Model): string {
  const canonical = [
    layoutVersion,
    view.sql,
    view.format,
    view.fields.map(describeField),
    view.key.map((field) => field.column),
    view.parallelism,
    view.stateTtlMs,
    view.from,
    view.guarantee,
    [...view.reads].sort().map((topic) => describeRead(topic, model)),
  ];
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex').slice(0, 32);
}

/**
 * The id of the job to start: the same on every gateway that sees the same predecessor, so that Flink itself refuses
 * the second of two that start at once. A job id is used up for good, hence the predecessor in it.
 */
export function toJobId(view: string, hash: string, predecessor: string | null): string {
  return createHash('md5')
    .update(JSON.stringify([view, hash, predecessor ?? '']))
    .digest('hex');
}

function describeField(field: Field): readonly unknown[] {
  return [field.column, describeType(field.type), field.required];
}

function describeType(type: FieldType): unknown {
  switch (type.kind) {
    case 'scalar':
      return type.name;
    case 'enum':
      return 'String';
    case 'object':
      return type.type.fields.map(describeField);
    case 'list':
      return ['list', describeType(type.of), type.itemRequired];
  }
}

/** A new column of a stream leaves a view that does not use it as it is; another event time does not. */
function describeRead(topic: string, model: Model): readonly unknown[] {
  const source = kafkaSourcesOf(model).find((candidate) => candidate.topic === topic);
  if (!source) return [topic];
  const eventTime = source.kind === 'stream' ? [source.eventTime.field?.column, source.eventTime.delayMs] : null;
  return [topic, source.format, isTable(source), eventTime];
}

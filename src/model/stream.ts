import { readDeadLetterTopic } from './dead-letters.ts';
import { argumentPlace, choiceOf, type DirectiveUse, numberOf } from './directive-use.ts';
import { argumentEnums } from './directives.ts';
import type { DirectedField } from './fields.ts';
import type { Report } from './place.ts';
import { checkRedis, placeInRedis, readRedisPlace } from './redis.ts';
import { readCommonParts, type SourceNode } from './source-parts.ts';
import type { EventTime, Field, Stream } from './types.ts';

/** Flink's day intervals have two digits for days. */
const maxDelayMs = 99 * 86_400_000;

/** Builds a stream of a type with @stream. */
export function readStream(source: SourceNode, directed: readonly DirectedField[], report: Report): Stream {
  const { use } = source;
  const fields = directed.map(({ field }) => field);
  const common = readCommonParts(source, fields, report);
  const onBadRecord = choiceOf(use, 'onBadRecord', argumentEnums.OnBadRecord, 'REPORT');
  const stream: Stream = {
    ...common,
    kind: 'stream',
    cleanup: choiceOf(use, 'cleanup', argumentEnums.Cleanup, 'DELETE'),
    format: choiceOf(use, 'format', argumentEnums.Format, 'JSON'),
    keyFormat: choiceOf(use, 'keyFormat', argumentEnums.KeyFormat, common.keyFormat),
    source: choiceOf(use, 'source', argumentEnums.SourceKind, 'KAFKA'),
    redis: readRedisPlace(use),
    into: null,
    onBadRecord,
    deadLetterTopic: readDeadLetterTopic({ topic: common.topic, onBadRecord }, use, report),
    eventTime: readEventTime(directed, report),
  };
  checkStream(stream, source, report);
  return placeInRedis(stream, use);
}

function checkStream(stream: Stream, { node, use }: SourceNode, report: Report): void {
  if (stream.format === 'RAW' && !isOneText(stream.fields, node.fields?.length ?? 0)) {
    const hint = 'Declare one, such as `line: String!`.';
    report(argumentPlace(use, 'format'), `A RAW stream has exactly one field, of type String or Bytes. ${hint}`);
  }
  checkKeyFormat(stream, use, report);
  checkRedis(stream, use, report);
  if (stream.source === 'REDIS' && stream.onBadRecord === 'DEAD_LETTER') {
    report(argumentPlace(use, 'onBadRecord'), 'Only records in Kafka have dead letters. Write REPORT or SKIP.');
  }
  if (stream.cleanup === 'COMPACT' && !use.given.has('key')) {
    const hint = 'Name the fields that say which record replaces which, such as key: ["userId"].';
    report(argumentPlace(use, 'cleanup'), `A COMPACT stream needs a key. ${hint}`);
  }
}

function checkKeyFormat({ key, keyFormat }: Stream, use: DirectiveUse, report: Report): void {
  if (!use.given.has('keyFormat')) return;
  const place = argumentPlace(use, 'keyFormat');
  if (!use.given.has('key')) {
    report(place, 'A key format needs a key. Name the key fields, such as key: ["userId"], or leave it out.');
  }
  if (key.length > 1 && (keyFormat === 'STRING' || keyFormat === 'LONG')) {
    report(place, `keyFormat: ${keyFormat} is for a key of one field. Write JSON or AVRO, or leave it out for JSON.`);
  }
  const [only] = key;
  if (keyFormat === 'LONG' && key.length === 1 && !(only?.type.kind === 'scalar' && only.type.name === 'BigInt')) {
    report(place, 'keyFormat: LONG is for a key field of type BigInt. Make it one, or leave the key format out.');
  }
}

function isOneText(fields: readonly Field[], declared: number): boolean {
  const [field] = fields;
  // A field without a usable type is told already.
  if (field === undefined) return declared === 1;
  return declared === 1 && field.type.kind === 'scalar' && ['String', 'Bytes'].includes(field.type.name);
}

function readEventTime(directed: readonly DirectedField[], report: Report): EventTime {
  let found: { readonly field: Field; readonly use: DirectiveUse } | null = null;
  for (const { field, uses } of directed) {
    const use = uses.get('eventTime');
    if (use === undefined) continue;
    if (field.type.kind !== 'scalar' || field.type.name !== 'DateTime') {
      report(
        use.place,
        `@eventTime stands on "${field.name}", which is no DateTime. Make the field a DateTime, or move the directive.`,
      );
    }
    if (found === null) found = { field, use };
    else
      report(
        use.place,
        `@eventTime stands on "${field.name}" and on "${found.field.name}". A stream has one event time; keep one.`,
      );
  }
  if (found !== null && (numberOf(found.use, 'delay') ?? 0) > maxDelayMs) {
    report(argumentPlace(found.use, 'delay'), 'The delay is longer than Flink can wait. Write at most "P99D".');
  }
  return found === null
    ? { field: null, delayMs: 0 }
    : { field: found.field, delayMs: numberOf(found.use, 'delay') ?? 0 };
}

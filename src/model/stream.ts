import { argumentPlace, choiceOf, type DirectiveUse, numberOf } from './directive-use.ts';
import { argumentEnums } from './directives.ts';
import type { DirectedField } from './fields.ts';
import type { Report } from './place.ts';
import { readCommonParts, type SourceNode } from './source-parts.ts';
import type { EventTime, Field, Stream } from './types.ts';

/** What is parsed but not served yet. A value leaves this list when it is. */
const notYet: readonly (readonly [argument: string, value: string])[] = [
  ['format', 'AVRO'],
  ['format', 'PROTOBUF'],
  ['format', 'JSON_SCHEMA'],
  ['source', 'REDIS'],
  ['onBadRecord', 'SKIP'],
  ['onBadRecord', 'DEAD_LETTER'],
];

/** Flink's day intervals have two digits for days. */
const maxDelayMs = 99 * 86_400_000;

/** Builds a stream of a type with @stream. */
export function readStream(source: SourceNode, directed: readonly DirectedField[], report: Report): Stream {
  const { use } = source;
  const fields = directed.map(({ field }) => field);
  const stream: Stream = {
    ...readCommonParts(source, fields, report),
    kind: 'stream',
    cleanup: choiceOf(use, 'cleanup', argumentEnums.Cleanup, 'DELETE'),
    format: choiceOf(use, 'format', argumentEnums.Format, 'JSON'),
    source: choiceOf(use, 'source', argumentEnums.SourceKind, 'KAFKA'),
    onBadRecord: choiceOf(use, 'onBadRecord', argumentEnums.OnBadRecord, 'REPORT'),
    eventTime: readEventTime(directed, report),
  };
  checkStream(stream, source, report);
  return stream;
}

function checkStream(stream: Stream, { node, use }: SourceNode, report: Report): void {
  const chosen: Record<string, string> = {
    format: stream.format,
    source: stream.source,
    onBadRecord: stream.onBadRecord,
  };
  for (const [argument, value] of notYet) {
    if (chosen[argument] !== value) continue;
    report(argumentPlace(use, argument), `${argument}: ${value} is not supported yet. Leave it out for the default.`);
  }
  if (stream.format === 'RAW' && !isOneText(stream.fields, node.fields?.length ?? 0)) {
    const hint = 'Declare one, such as `line: String!`.';
    report(argumentPlace(use, 'format'), `A RAW stream has exactly one field, of type String or Bytes. ${hint}`);
  }
  if (stream.cleanup === 'COMPACT' && !use.given.has('key')) {
    const hint = 'Name the fields that say which record replaces which, such as key: ["userId"].';
    report(argumentPlace(use, 'cleanup'), `A COMPACT stream needs a key. ${hint}`);
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

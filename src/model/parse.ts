import type { ObjectTypeDefinitionNode } from 'graphql';
import { checkDeadLetters } from './dead-letters.ts';
import { readDirectives } from './directive-use.ts';
import { type DeclarationFile, type Definitions, readDefinitions } from './documents.ts';
import { FieldReader } from './fields.ts';
import { checkFlinkFormats } from './flink-formats.ts';
import { toPlural, toSnakeCase } from './names.ts';
import { orderSources } from './order.ts';
import { type Fault, placeOf, type Report } from './place.ts';
import { readRedisPlace } from './redis.ts';
import { checkClashes, nameSource, type SourceNode } from './source-parts.ts';
import { readStream } from './stream.ts';
import type { Model, Source } from './types.ts';
import { readView } from './view.ts';

/** A model, or everything that is wrong, by file and place. */
export type Parsed =
  | { readonly ok: true; readonly model: Model }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Makes the model of the files of a schema folder (.graphql, and .sql for @view(file:)). Pure; never throws. */
export function parseModel(files: readonly DeclarationFile[]): Parsed {
  const faults: Fault[] = [];
  const report: Report = (place, message) => {
    const { file, line, column } = place;
    faults.push({ file, line, column, message });
  };
  const definitions = readDefinitions(
    files.filter(({ file }) => file.endsWith('.graphql')),
    report,
  );
  const sourceNodes = findSources(definitions, report);
  checkClashes(
    [...sourceNodes.values()].map(({ source }) => source),
    report,
  );
  const reader = new FieldReader(definitions, new Set(sourceNodes.keys()), report);
  const topics = new Set<string>();
  const redisNames = new Map<string, string | null>();
  for (const { source } of sourceNodes.values()) {
    const { use, node, topic, into } = source;
    const redis = readRedisPlace(use);
    if (redis) for (const name of [redis.name, toPlural(toSnakeCase(node.name.value))]) redisNames.set(name, into);
    const read = redis ? into : topic;
    if (read !== null) topics.add(read);
  }
  const sqlFiles = files.filter(({ file }) => file.endsWith('.sql'));
  const sources = [...sourceNodes.values()].map(({ kind, source }): Source => {
    const fields = reader.read(source.node);
    if (kind === 'stream') return readStream(source, fields, report);
    return readView(source, fields, { sqlFiles, topics, redisNames, complete: definitions.complete }, report);
  });
  checkUnused(definitions, sourceNodes, reader, report);
  checkDeadLetters(sources, report);
  checkFlinkFormats(sources, report);
  const ordered = orderSources(sources, report);
  if (faults.length > 0) return { ok: false, faults: faults.sort(byPlace) };
  return {
    ok: true,
    model: { sources: ordered, enums: [...reader.enums.values()], objects: [...reader.objects.values()] },
  };
}

type SourceNodes = ReadonlyMap<string, { readonly kind: 'stream' | 'view'; readonly source: SourceNode }>;

function findSources(definitions: Definitions, report: Report): SourceNodes {
  const found = new Map<string, { kind: 'stream' | 'view'; source: SourceNode }>();
  for (const node of definitions.objects.values()) {
    const name = node.name.value;
    const uses = readDirectives({ on: 'OBJECT', label: `the type "${name}"`, directives: node.directives }, report);
    const stream = uses.get('stream');
    const view = uses.get('view');
    if (stream && view) {
      report(
        view.place,
        `The type "${name}" has both @stream and @view. Keep @stream for what clients produce, @view for what Flink computes.`,
      );
    }
    if (stream) found.set(name, { kind: 'stream', source: nameSource(node, stream, report) });
    else if (view) found.set(name, { kind: 'view', source: nameSource(node, view, report) });
  }
  return found;
}

function checkUnused(definitions: Definitions, sources: SourceNodes, reader: FieldReader, report: Report): void {
  if (!definitions.complete) return;
  const isUnused = (node: ObjectTypeDefinitionNode) =>
    !sources.has(node.name.value) && !reader.objects.has(node.name.value);
  // Decided before the unused ones are read, for they use others in turn.
  for (const node of [...definitions.objects.values()].filter(isUnused)) {
    report(
      placeOf(node.name),
      `The type "${node.name.value}" is used by nothing. Make it a stream with @stream, a view with @view, or the type of a field.`,
    );
    reader.readNestedFields(node);
  }
  for (const [name, node] of definitions.enums) {
    if (!reader.enums.has(name))
      report(placeOf(node.name), `The enum "${name}" is used by nothing. Use it as the type of a field, or remove it.`);
  }
}

function byPlace(left: Fault, right: Fault): number {
  return left.file.localeCompare(right.file) || left.line - right.line || left.column - right.column;
}

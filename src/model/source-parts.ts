import type { ObjectTypeDefinitionNode } from 'graphql';
import { argumentPlace, type DirectiveUse, numberOf, textOf, textsOf } from './directive-use.ts';
import { didYouMean, toCamelCase, toPlural, toProduceField, toSnakeCase } from './names.ts';
import { placeOf, type Report } from './place.ts';
import { readInto, readRedisPlace, toRedisTopic } from './redis.ts';
import { refuseRootField, refuseTopic } from './reserved.ts';
import type { Field, FieldType, ScalarName, Source } from './types.ts';

/** A type that is a stream or view, before its fields are read. */
export interface SourceNode {
  readonly node: ObjectTypeDefinitionNode;
  /** Its @stream or @view. */
  readonly use: DirectiveUse;
  readonly topic: string;
  /** The topic that a stream in Redis is copied to; null for none. */
  readonly into: string | null;
  readonly plural: string;
}

/** Names a source: the topic and plural given, or derived from the type's name. */
export function nameSource(node: ObjectTypeDefinitionNode, use: DirectiveUse, report: Report): SourceNode {
  const typeName = node.name.value;
  const redis = readRedisPlace(use);
  const topic = redis ? toRedisTopic(redis) : (textOf(use, 'topic') ?? toPlural(toSnakeCase(typeName)));
  const plural = textOf(use, 'plural') ?? toPlural(toCamelCase(typeName));
  const topicRefusal = redis ? null : refuseTopic(topic);
  if (topicRefusal !== null) report(argumentPlace(use, 'topic'), topicRefusal);
  const into = readInto(use);
  const intoRefusal = into === null ? null : refuseTopic(into);
  if (intoRefusal !== null) report(argumentPlace(use, 'into'), intoRefusal);
  const pluralRefusal = refuseRootField(plural);
  if (pluralRefusal !== null) report(argumentPlace(use, 'plural'), pluralRefusal);
  return { node, use, topic, into, plural };
}

/** Reports topics and root fields that two sources share. */
export function checkClashes(sources: readonly SourceNode[], report: Report): void {
  const topics = new Map<string, string>();
  const copied = new Map<string, string>();
  const plurals = new Map<string, { readonly plural: string; readonly typeName: string }>();
  const own = new Map(sources.map(({ topic, node }) => [topic, node.name.value]));
  for (const { node, use, topic, into, plural } of sources) {
    const typeName = node.name.value;
    const sameTopic = topics.get(topic);
    if (sameTopic !== undefined) {
      const what = `"${sameTopic}" and "${typeName}" are both on the topic "${topic}".`;
      report(argumentPlace(use, 'topic'), `${what} A topic has one type; give one of them another topic.`);
    }
    const sameInto = into === null ? undefined : (own.get(into) ?? copied.get(into));
    if (sameInto !== undefined) {
      const what = `"${typeName}" is copied into the topic "${into}", which is that of "${sameInto}".`;
      report(argumentPlace(use, 'into'), `${what} A topic has one type; name another with into: "…".`);
    }
    if (into !== null) copied.set(into, copied.get(into) ?? typeName);
    // Two plurals may differ and yet make one mutation.
    const mutation = toProduceField(plural);
    const same = plurals.get(mutation);
    if (same !== undefined) {
      const pair = `"${same.typeName}" and "${typeName}"`;
      const what =
        same.plural === plural
          ? `${pair} both have the root field "${plural}".`
          : `${pair} have root fields, "${same.plural}" and "${plural}", that differ in the first letter's case only.`;
      report(argumentPlace(use, 'plural'), `${what} Give one of them another with plural: "…".`);
    }
    topics.set(topic, topics.get(topic) ?? typeName);
    plurals.set(mutation, same ?? { plural, typeName });
  }
}

/** What @stream and @view settle alike. */
export function readCommonParts({ node, use, topic, plural }: SourceNode, fields: readonly Field[], report: Report) {
  const retentionMs = numberOf(use, 'retention') ?? 7 * 86_400_000;
  if (retentionMs === 0) {
    report(
      argumentPlace(use, 'retention'),
      'A retention of nothing would delete every record. Write one such as "P7D".',
    );
  }
  const key = readKey({ node, use }, fields, report);
  return {
    typeName: node.name.value,
    description: node.description?.value ?? null,
    topic,
    plural,
    fields,
    key,
    keyFormat: key.length > 1 ? 'JSON' : 'STRING',
    partitions: numberOf(use, 'partitions') ?? 4,
    retentionMs,
    place: placeOf(node.name),
  } satisfies Partial<Source>;
}

/**
 * The scalars whose text is the same wherever it is written (here, in Flink, by another client): only they can be
 * keys, or one key would land in two partitions. DateTime is among them only inside a JSON key.
 */
const keyScalars: ReadonlySet<ScalarName> = new Set(['ID', 'String', 'Int', 'BigInt', 'Boolean', 'Date']);

function readKey(
  { node, use }: Pick<SourceNode, 'node' | 'use'>,
  fields: readonly Field[],
  report: Report,
): readonly Field[] {
  const place = argumentPlace(use, 'key');
  const names = textsOf(use, 'key') ?? [];
  const declared = (node.fields ?? []).map((field) => field.name.value);
  return names.flatMap((name, index) => {
    if (names.indexOf(name) < index) report(place, `The key names "${name}" twice. Keep one.`);
    if (!declared.includes(name)) {
      const hint = `${didYouMean(name, declared)} Its fields are ${declared.join(', ')}.`;
      report(place, `The key names "${name}", which is no field of "${node.name.value}".${hint}`);
    }
    const field = fields.find((one) => one.name === name);
    if (field === undefined) return [];
    if (!field.required) report(place, `The key field "${name}" may be null. Declare it with "!".`);
    if (!isKeyType(field.type, names.length)) report(place, refuseKeyType(name, names.length));
    return [field];
  });
}

function isKeyType(type: FieldType, keyFields: number): boolean {
  if (type.kind === 'enum') return true;
  return type.kind === 'scalar' && (keyScalars.has(type.name) || (type.name === 'DateTime' && keyFields > 1));
}

function refuseKeyType(name: string, keyFields: number): string {
  const allowed = [...keyScalars, ...(keyFields > 1 ? ['DateTime'] : [])].join(', ');
  const hint = keyFields > 1 ? '' : ' A DateTime can be one of several key fields.';
  return `The key field "${name}" has a type that has no single text form. A key field is one of ${allowed}, or an enum.${hint}`;
}

import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Config } from '#config';
import {
  diffLines,
  type FoundTopic,
  type ImportPlan,
  isWritten,
  type PlannedFile,
  planImport,
  sampleOptions,
  sampleTopic,
} from '#declare';
import { messageOf, SluiceError } from '#errors';
import { type Kafka, kafkaOptionsSchema, openKafka, type TopicDescription } from '#kafka';
import { readDeclarations } from '#model';
import { schemaOf } from './schema-of.ts';
import { openTopicSchemas, type TopicSchemas } from './topic-schemas.ts';

/** How many topics are looked at at the same time. */
const concurrency = 4;

/** What a command is run with. */
export interface CommandContext {
  readonly logger: Logger;
  readonly print: (text: string) => void;
}

/**
 * Declares the topics of a Kafka that runs: writes a file for each into the schema folder, or shows what it would
 * write. Resolves with the exit code: 1 when a topic that was named is left out.
 */
export async function importTopics(config: Config, { logger, print }: CommandContext): Promise<number> {
  const { clusters, schemaDir, declare } = config;
  if (clusters.kind === 'local') throw new SluiceError('BAD_CONFIG', 'KAFKA_BROKERS is missing.');
  await using kafka = openKafka(kafkaOptionsSchema.parse({ connection: { brokers: clusters.kafkaBrokers } }), logger);
  await using schemas = await openTopicSchemas(config);
  const { wanted, missing } = choose(await kafka.admin.list(), declare.topics);
  const { found, unread } = await look({ kafka, schemas }, wanted);
  const files = (await exists(schemaDir)) ? await readDeclarations(schemaDir) : [];
  const plan = planImport({
    schemaDir,
    files,
    topics: found,
    named: declare.topics,
    force: declare.force,
    tryOut: (model) => void schemaOf(model),
  });
  const leftOut = [...missing, ...unread, ...plan.leftOut];
  for (const file of plan.files) tell(file, declare.dryRun, print);
  for (const { topic, reason } of leftOut) print(`left out   ${topic}: ${reason}`);
  if (!declare.dryRun) await write(schemaDir, plan);
  print(summarise(plan, leftOut.length, config));
  return declare.topics.length > 0 && leftOut.length > 0 ? 1 : 0;
}

type LeftOut = ImportPlan['leftOut'];

/** Kafka's own topics and those of the programs around it are only taken when they are named. */
function choose(topics: readonly TopicDescription[], names: readonly string[]) {
  const wanted =
    names.length === 0
      ? topics.filter(({ topic }) => !/^(?:__|_schemas$|_confluent)/.test(topic))
      : topics.filter(({ topic }) => names.includes(topic));
  const missing = names
    .filter((name) => !wanted.some(({ topic }) => topic === name))
    .map((topic) => ({ topic, reason: 'there is no such topic' }));
  return { wanted, missing };
}

/** Samples the topics, some at a time. What cannot be read is left out, and the others are not harmed. */
async function look(
  { kafka, schemas }: { readonly kafka: Kafka; readonly schemas: TopicSchemas | null },
  topics: readonly TopicDescription[],
): Promise<{ readonly found: readonly FoundTopic[]; readonly unread: LeftOut }> {
  const found: FoundTopic[] = [];
  const unread: { topic: string; reason: string }[] = [];
  const waiting = topics.values();
  const options = sampleOptions.parse({});
  const work = async () => {
    for (const description of waiting) {
      const { topic } = description;
      try {
        const sample = await sampleTopic(kafka.log, topic, options);
        const registered = schemas === null ? null : await schemas.of(topic, sample);
        found.push({ facts: factsOf(description), sample, registered });
      } catch (thrown) {
        if (thrown instanceof SluiceError && thrown.code === 'KAFKA_UNAVAILABLE') throw thrown;
        unread.push({ topic, reason: messageOf(thrown) });
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { found, unread };
}

function factsOf({ topic, partitions, cleanupPolicy, retentionMs }: TopicDescription): FoundTopic['facts'] {
  const cleanup = cleanupPolicy.split(',').includes('compact') ? 'COMPACT' : 'DELETE';
  return { topic, partitions, cleanup, retentionMs: retentionMs > 0 ? retentionMs : null };
}

function tell({ action, file, text, before }: PlannedFile, dryRun: boolean, print: CommandContext['print']): void {
  print(lineOf({ action, file, dryRun }));
  const isShown = action === 'KEPT' || action === 'CHANGED' || (action === 'NEW' && dryRun);
  if (isShown) for (const line of diffLines(before ?? '', text)) print(`    ${line}`);
}

function lineOf({ action, file, dryRun }: Pick<PlannedFile, 'action' | 'file'> & { readonly dryRun: boolean }): string {
  switch (action) {
    case 'SAME':
      return `unchanged  ${file}`;
    case 'NEW':
      return `${dryRun ? 'new      ' : 'wrote    '}  ${file}`;
    case 'CHANGED':
      return `${dryRun ? 'changes  ' : 'rewrote  '}  ${file}`;
    case 'KEPT':
      return `kept       ${file}; --force would make this of it:`;
  }
}

async function write(schemaDir: string, { files }: ImportPlan): Promise<void> {
  const changed = files.filter(isWritten);
  if (changed.length > 0) await mkdir(schemaDir, { recursive: true });
  // A file that appeared meanwhile is somebody's.
  for (const { file, text, action } of changed) await writeFile(file, text, { flag: action === 'NEW' ? 'wx' : 'w' });
}

function summarise({ files }: ImportPlan, leftOut: number, { schemaDir, declare }: Config): string {
  const written = files.filter(isWritten).length;
  const kept = files.filter(({ action }) => action === 'KEPT').length;
  const parts = [
    `${count(written, 'file')} ${declare.dryRun ? 'would be written' : 'written'} to ${schemaDir}`,
    ...(kept > 0 ? [`${kept} kept`] : []),
    ...(leftOut > 0 ? [`${count(leftOut, 'topic')} left out`] : []),
  ];
  return `${parts.join(', ')}.`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

async function exists(folder: string): Promise<boolean> {
  return await stat(folder).then(
    () => true,
    () => false,
  );
}

import { type Logger, pino } from 'pino';
import type { Config } from '#config';
import {
  checkRecords,
  checkSchema,
  checkTopics,
  type Finding,
  type FoundTopic,
  type RegisteredTopic,
  sampleOptions,
  sampleTopic,
} from '#declare';
import { messageOf, SluiceError } from '#errors';
import { type Kafka, kafkaOptionsSchema, openKafka } from '#kafka';
import { kafkaSourcesOf, loadModel, type Model, type Source, usesRegistry } from '#model';
import { openClusters } from './clusters.ts';
import { flinkSettings, openFlinkParts } from './flink-parts.ts';
import type { CommandContext } from './import-topics.ts';
import { openSchemaRegistry, type SchemaRegistry } from './schema-registry.ts';
import { openTopicSchemas, type TopicSchemas } from './topic-schemas.ts';

/** Enough to see whether what is written now fits. */
const lookAt = sampleOptions.parse({ records: 100, maxBytes: 1024 * 1024, timeoutMs: 5_000 });

/**
 * Holds the declarations against the topics and their newest records, the schema registry and Flink. Prints a line for
 * each finding; resolves with the exit code: 1 when one of them is a fault. Changes nothing anywhere.
 */
export async function checkDeclarations(config: Config, { logger, print }: CommandContext): Promise<number> {
  const found: Finding[] = [];
  const model = await loadModel(config.schemaDir).catch((thrown: unknown) => {
    found.push(...faultsIn(thrown));
    return null;
  });
  if (model !== null) {
    found.push(...(await checkKafka(config, model, logger)));
    found.push(...(await checkFlink(config, model, logger)));
  }
  for (const finding of found) print(config.declare.json ? JSON.stringify(finding) : lineOf(finding));
  const faults = found.filter(({ level }) => level === 'fault').length;
  if (!config.declare.json) {
    const sources = model === null ? '' : `${model.sources.length} streams and views checked. `;
    print(`${sources}${faults === 0 ? 'No fault found.' : `Faults: ${faults}.`}`);
  }
  return faults === 0 ? 0 : 1;
}

function lineOf({ level, part, subject, message }: Finding): string {
  return `${level}  ${part}  ${subject}: ${message.replace(/\s*\n\s*/g, ' ')}`;
}

function faultsIn(thrown: unknown): readonly Finding[] {
  if (!(thrown instanceof SluiceError) || thrown.code !== 'BAD_DECLARATION') throw thrown;
  const about = { level: 'fault', part: 'declarations' } as const;
  const faults: unknown = thrown.details['faults'];
  if (!Array.isArray(faults)) return [{ ...about, subject: 'schema', message: thrown.message }];
  return faults.map(({ file, line, column, message }) => ({ ...about, subject: `${file}:${line}:${column}`, message }));
}

async function checkKafka(config: Config, model: Model, logger: Logger): Promise<readonly Finding[]> {
  const { clusters } = config;
  if (clusters.kind === 'local') throw new SluiceError('BAD_CONFIG', 'KAFKA_BROKERS is missing.');
  await using kafka = openKafka(kafkaOptionsSchema.parse({ connection: { brokers: clusters.kafkaBrokers } }), logger);
  await using schemas = await openTopicSchemas(config);
  const live = await kafka.admin.list();
  const found = [...checkTopics(model, live)];
  const names = new Set(live.map(({ topic }) => topic));
  for (const source of kafkaSourcesOf(model)) {
    found.push(...(await checkSource(source, { log: names.has(source.topic) ? kafka.log : null, schemas })));
  }
  return found;
}

/** Without a log there is no such topic. */
async function checkSource(
  source: Source,
  { log, schemas }: { readonly log: Kafka['log'] | null; readonly schemas: TopicSchemas | null },
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  let sample: FoundTopic['sample'] = [];
  try {
    if (log) sample = await sampleTopic(log, source.topic, lookAt);
  } catch (thrown) {
    found.push({ level: 'fault', part: 'kafka', subject: source.topic, message: messageOf(thrown) });
  }
  if (!usesRegistry(source)) return [...found, ...checkRecords(source, sample)];
  const registered = await registeredFor(source, sample, schemas);
  found.push(...checkSchema(source, 'VALUE', registered), ...checkSchema(source, 'KEY', registered));
  if (registered === null || typeof registered === 'string') return found;
  return [...found, ...checkRecords(source, sample, registered.schemas)];
}

/** A text: why the registry cannot tell. */
async function registeredFor(
  { topic }: Source,
  sample: FoundTopic['sample'],
  schemas: TopicSchemas | null,
): Promise<RegisteredTopic | string | null> {
  if (schemas === null) return 'no schema registry is named; set SLUICE_REGISTRY_URL';
  return await schemas.of(topic, sample).catch(messageOf);
}

/** Flink compiles every view whose job it does not run already. */
async function checkFlink(config: Config, model: Model, logger: Logger): Promise<readonly Finding[]> {
  const { clusters } = config;
  const about = { level: 'fault', part: 'flink' } as const;
  if (!model.sources.some(({ kind }) => kind === 'view')) return [];
  if (clusters.kind === 'local' || clusters.flink === null) {
    return [{ ...about, level: 'note', subject: 'views', message: 'not compiled: no Flink is named' }];
  }
  const { restUrl, sqlGatewayUrl, kafkaBrokers: bootstrapServers } = clusters.flink;
  const settings = flinkSettings.parse({ restUrl, sqlGatewayUrl, viewsMode: 'off' });
  const registry = await openReading(config, model);
  const reading = registry?.flinkReading;
  const flink = openFlinkParts({
    settings,
    model,
    bootstrapServers,
    restorePoints: null,
    logger,
    ...(reading && { registry: reading }),
  });
  try {
    const planned = await flink.views.plan();
    return planned.flatMap(({ view, action, error, reason }): Finding[] => {
      if (error !== null) return [{ ...about, subject: view, message: error }];
      return action === 'ORPHAN' ? [{ ...about, level: 'note', subject: view, message: reason }] : [];
    });
  } catch (thrown) {
    return [{ ...about, subject: 'views', message: messageOf(thrown) }];
  } finally {
    await flink.close();
    await registry?.close();
  }
}

/** The registry as Flink's tables need it; null where there is none, which was told already. Registers nothing. */
async function openReading(config: Config, model: Model): Promise<SchemaRegistry | null> {
  const reading = { ...config, registry: { ...config.registry, mode: 'check' } } as const;
  const logger = pino({ level: 'silent' });
  const context = { model, env: {}, logger, onProgress: () => undefined, signal: new AbortController().signal };
  const clusters = await openClusters(reading, context);
  return await openSchemaRegistry(reading, { model, clusters, logger }).catch(() => null);
}

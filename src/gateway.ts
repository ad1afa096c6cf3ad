import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bridges } from '#bridge';
import type { Config } from '#config';
import { messageOf, SluiceError } from '#errors';
import { createCursors, createPreparedLog, type FeedCounters, Feeds } from '#feed';
import { createSchema, exampleOperations, serveSource } from '#graphql';
import type { WatermarkListener } from '#jobs';
import { type Kafka, kafkaOptionsSchema, openKafka } from '#kafka';
import { kafkaSourcesOf, type Model, type RegistryReading, toTopicSettings } from '#model';
import { openServer, type Server, serverOptions } from '#server';
import type { RunningClusters } from './clusters.ts';
import { readCursorSecrets } from './cursor-secrets.ts';
import { openDeadLetters } from './dead-letters.ts';
import { openDemo } from './demo.ts';
import { type FlinkParts, flinkSettings, openFlinkParts } from './flink-parts.ts';
import { openStreamsInRedis } from './redis-streams.ts';
import { openSchemaRegistry } from './schema-registry.ts';
import { StreamWatermarks } from './stream-watermarks.ts';

/** A gateway that serves. */
export interface Gateway {
  readonly model: Model;
  /** Of the API and of GraphiQL. */
  readonly url: string;
  readonly clusters: RunningClusters;
  /** What feeds, sockets and bridges have done so far, and what is open now. */
  readonly counters: {
    readonly feeds: Readonly<FeedCounters>;
    readonly traffic: Server['traffic'];
    readonly bridges: Bridges['counters'];
  };
  /** Ends everything, in the reverse order of its start. */
  close(): Promise<void>;
}

/** How long jobs get to write their savepoints on the way down. */
const savepointDeadlineMs = 20_000;
const firstRetryMs = 500;
const longestRetryMs = 5000;

/** What a gateway is built on. It takes the clusters over: they end with it, or with the failure to build it. */
export interface GatewayParts {
  readonly model: Model;
  readonly clusters: RunningClusters;
  readonly logger: Logger;
  /** Gives up the opening. */
  readonly signal: AbortSignal;
}

/** Builds the parts and hands them to each other. When one cannot be had, those that were started are ended again. */
export async function openGateway(config: Config, parts: GatewayParts): Promise<Gateway> {
  const { model, logger, signal } = parts;
  await using started = new AsyncDisposableStack();
  const clusters = started.adopt(parts.clusters, (open) => open.close());
  const cursors = createCursors(await readCursorSecrets(config, logger));
  const connection = { brokers: clusters.kafkaBrokers };
  const kafkaOptions = kafkaOptionsSchema.parse({ connection, writer: { compression: config.compression } });
  const kafka = started.adopt(openKafka(kafkaOptions, logger), (open) => open.close());
  const registry = started.adopt(await openSchemaRegistry(config, parts), (open) => open.close());
  const log = createPreparedLog(kafka.log, registry.prepares);
  const feeds = started.adopt(new Feeds({ log, ...config.feeds }), (open) => open.close());
  const watermarks = new StreamWatermarks({ kafka, ask: (view) => flink.askWatermark(view) });
  const flink: FlinkParts = started.adopt(
    openViews(config, parts, { watermarks, registry: registry.flinkReading }),
    (open) => closeViews(open, clusters),
  );
  const inRedis = await openStreamsInRedis(parts);
  if (inRedis) started.adopt(inRedis.redis, (open) => open.close());
  const sources = model.sources.map((source) => {
    const served = serveSource(source, registry.schemas.get(source.topic));
    return inRedis?.serve(served) ?? served;
  });
  const { produceTimeoutMs, queryTimeoutMs, idempotency } = config;
  const { writer, transactions } = kafka;
  const bridges = inRedis?.openBridges(sources, { kafka, logger });
  if (bridges) started.adopt(bridges, (open) => open.close());
  const access = { feeds, cursors, writer, transactions, flink, watermarks, registry, errorLog: logger };
  const redisAccess = inRedis && bridges ? { redis: inRedis.redis, bridges } : {};
  const limits = { produceTimeoutMs, queryTimeoutMs, idempotency };
  const schema = createSchema({ model, sources, ...access, ...redisAccess, ...limits, now: Date.now });

  const ending = new AbortController();
  started.defer(() => ending.abort());
  const topics = await ensureTopics(model, kafka, { logger, signal: AbortSignal.any([signal, ending.signal]) });
  bridges?.start();
  // Nobody waits for Flink to start and to compile: streams are there, and the state of the views can be asked for.
  void startViews(flink, { after: [topics.made, clusters.flinkReady], signal: ending.signal });

  started.adopt(
    openDeadLetters(sources, { kafka: { log, writer, admin: kafka.admin, positions: kafka.positions }, logger }),
    (open) => open.close(),
  );

  const readiness = async () => ({
    kafka: await kafka.isReady(),
    ...(inRedis && { redis: await inRedis.redis.isReady() }),
    flink: clusters.flink ? await flink.isReady() : null,
  });
  const api = { schema, tabs: exampleOperations(model), readiness, lastPages: () => feeds.flush(), logger };
  const server: Server = started.adopt(
    await openServer({ ...api, options: serverOptions.parse(config.server) }),
    (open) => open.close(),
  );
  if (config.demo) started.adopt(openDemo(sources, writer, logger), (open) => open.close());
  await clusters.describe({ graphql: server.url });
  signal.throwIfAborted();
  const running = started.move();
  const counters = { feeds: feeds.counters, traffic: server.traffic, bridges: bridges?.counters ?? new Map() };
  return { model, url: server.url, clusters, counters, close: () => running.disposeAsync() };
}

function openViews(
  { sql, views }: Config,
  { model, clusters, logger }: GatewayParts,
  { watermarks, registry }: { readonly watermarks: WatermarkListener; readonly registry: RegistryReading | null },
): FlinkParts {
  const { flink, kafkaBrokers, restorePoints } = clusters;
  const settings = flinkSettings.parse({
    ...(flink ? { restUrl: flink.restUrl, sqlGatewayUrl: flink.sqlGatewayUrl } : {}),
    viewsMode: views.mode,
    onDemandGraceMs: views.onDemandGraceMs,
    sourceIdleTimeoutMs: views.sourceIdleMs,
    sql: sql.mode,
    sqlConnectors: sql.connectors ?? undefined,
    sqlPaths: sql.paths,
    sqlQueriesPerClient: sql.queriesPerClient,
    sqlQueries: sql.queries,
    sqlMaxRows: sql.maxRows,
    sqlSubscriptionRows: sql.subscriptionRows,
    sqlRunMs: sql.runMs,
    sqlIdleMs: sql.idleMs,
  });
  const bootstrapServers = flink?.kafkaBrokers ?? kafkaBrokers;
  return openFlinkParts({
    settings,
    model,
    bootstrapServers,
    restorePoints,
    watermarks,
    logger,
    ...(registry && { registry }),
  });
}

/** Starts what the views need once everything that they stand on is there. */
async function startViews(
  { views, sql }: FlinkParts,
  { after, signal }: { readonly after: readonly Promise<boolean>[]; readonly signal: AbortSignal },
): Promise<void> {
  const areThere = await Promise.all(after);
  if (signal.aborted) return;
  if (areThere.every(Boolean)) await views.start();
  await sql.warmUp();
}

/** A Flink that ends with the gateway leaves savepoints to go on from; another one keeps its jobs running. */
async function closeViews(flink: FlinkParts, { areLocal }: RunningClusters): Promise<void> {
  const deadlineMs = savepointDeadlineMs;
  if (areLocal) {
    await Promise.all([flink.views.stopAll({ savepoint: true, deadlineMs }), flink.stopSubmitted(deadlineMs)]);
  }
  await flink.close();
}

/**
 * Creates the missing topics and tells what differs. While Kafka is away the first attempt is not waited for any
 * longer: the gateway serves, and the topics are made when Kafka is back.
 */
async function ensureTopics(
  model: Model,
  kafka: Kafka,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<{ readonly made: Promise<boolean> }> {
  const attempt = async () => {
    const reports = await kafka.admin.ensure(kafkaSourcesOf(model).map(toTopicSettings));
    for (const { topic, differences } of reports) {
      for (const difference of differences) logger.warn({ topic }, difference);
    }
  };
  try {
    await attempt();
    return { made: Promise.resolve(true) };
  } catch (error) {
    if (!(error instanceof SluiceError && error.retryable)) throw error;
    logger.warn({ err: error }, `${messageOf(error)} The gateway serves; topics and views follow when Kafka is there.`);
    return { made: retry(attempt, { logger, signal }) };
  }
}

async function retry(
  attempt: () => Promise<void>,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<boolean> {
  for (let pauseMs = firstRetryMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, longestRetryMs)) {
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    try {
      await attempt();
      return true;
    } catch (error) {
      logger.debug({ err: error }, 'the topics could not be made yet');
    }
  }
  return false;
}

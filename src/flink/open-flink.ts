import { setTimeout as sleep } from 'node:timers/promises';
import { type Model, type RegistryReading, type SourceDdl, sessionProperties, sessionStatements, toDdl } from '#model';
import { JobControl } from './job-control.ts';
import { JobManager } from './job-manager.ts';
import type { FlinkOptions, Logger } from './options.ts';
import { RestClient } from './rest-client.ts';
import { SessionPool } from './session-pool.ts';
import { SqlGateway } from './sql-gateway.ts';
import { SqlSession } from './sql-session.ts';

/** What {@link openFlink} needs. */
export interface OpenFlinkOptions {
  readonly settings: FlinkOptions;
  /** Whose tables each session has. */
  readonly model: Model;
  /** The brokers as Flink reaches them, `host:port` separated by commas. */
  readonly bootstrapServers: string;
  /** Further Kafka client settings of Flink's tables, without the prefix `properties.`. */
  readonly kafkaProperties?: Readonly<Record<string, string>>;
  /** How Flink reads streams whose schemas a registry has; absent: not at all. */
  readonly registry?: RegistryReading;
  readonly logger: Logger;
}

/** How the tables of a session are read. */
interface SessionReading {
  readonly startupMode: 'earliest-offset' | 'latest-offset';
  /** They end with what is there when they are read. */
  readonly isBounded?: boolean;
}

/** The connections to Flink. */
export interface Flink {
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  /** The JobManager's REST API, for what {@link JobManager} and {@link JobControl} do not read. */
  readonly jobRest: RestClient;
  readonly sqlRest: RestClient;
  /** Sessions with these names, to be lent; each is opened when it is needed, and closed by `close`. */
  createPool(names: readonly string[], reading: SessionReading): SessionPool;
  /** Whether the JobManager answers now. Never rejects. */
  isReady(): Promise<boolean>;
  /** Closes the sessions, as far as that is done in a moment, then the connections; jobs run on. */
  close(): Promise<void>;
}

const readyCacheMs = 1_000;
/** How long the sessions may take to close. The SQL Gateway drops those that it was too busy to close when they are idle. */
const closeMs = 1_000;

/** Opens the connections to Flink; nothing is sent yet. Null without addresses in the settings, see {@link noFlink}. */
export function openFlink(options: OpenFlinkOptions): Flink | null {
  const { settings } = options;
  if (settings.restUrl === undefined || settings.sqlGatewayUrl === undefined) return null;
  const timeoutMs = settings.requestTimeoutMs;
  const jobRest = new RestClient({ baseUrl: settings.restUrl, peer: 'The Flink JobManager', timeoutMs });
  const sqlRest = new RestClient({ baseUrl: settings.sqlGatewayUrl, peer: 'The Flink SQL Gateway', timeoutMs });
  const jobManager = new JobManager(jobRest);
  const createSession = sessionFactory(options, new SqlGateway(sqlRest));
  const pools: SessionPool[] = [];
  return {
    jobManager,
    jobControl: new JobControl(jobRest),
    jobRest,
    sqlRest,
    createPool(names, reading) {
      const pool = new SessionPool(names.map((name) => createSession(name, reading)));
      pools.push(pool);
      return pool;
    },
    isReady: createReadiness(jobManager),
    async close() {
      const closed = Promise.all(pools.map((pool) => pool.close()));
      await Promise.race([closed, sleep(closeMs, undefined, { ref: false })]);
      await Promise.all([jobRest.close(), sqlRest.close()]);
    },
  };
}

function sessionFactory(options: OpenFlinkOptions, gateway: SqlGateway) {
  const { settings, logger } = options;
  return (name: string, reading: SessionReading) =>
    new SqlSession({
      gateway,
      name,
      properties: sessionProperties({ idleTimeoutMs: settings.sourceIdleTimeoutMs }),
      prelude: sessionStatements,
      tables: tablesOf(options, reading),
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      idleMs: settings.sessionIdleMs,
      statementTimeoutMs: settings.statementTimeoutMs,
      logger,
    });
}

/** The tables as they are known now: made anew only when the registry has told more. */
function tablesOf({ model, ...options }: OpenFlinkOptions, reading: SessionReading): () => readonly SourceDdl[] {
  const { bootstrapServers, kafkaProperties, registry } = options;
  const further = { ...(kafkaProperties && { kafkaProperties }), ...(registry && { registry }) };
  const ddl = { bootstrapServers, ...reading, ...further };
  let made: { readonly revision: number; readonly tables: readonly SourceDdl[] } | null = null;
  return () => {
    const revision = registry?.revision() ?? 0;
    if (made?.revision !== revision) made = { revision, tables: toDdl(model, ddl) };
    return made.tables;
  };
}

function createReadiness(jobManager: JobManager): () => Promise<boolean> {
  let askedAtMs = 0;
  let answer: Promise<boolean> = Promise.resolve(false);
  return () => {
    if (Date.now() - askedAtMs > readyCacheMs) {
      askedAtMs = Date.now();
      answer = jobManager.overview().then(
        () => true,
        () => false,
      );
    }
    return answer;
  };
}

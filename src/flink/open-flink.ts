import { SluiceError } from '#errors';
import { type Model, sessionProperties, sessionStatements, toDdl, type View } from '#model';
import { createSqlPolicy } from '#sql';
import { JobControl } from './job-control.ts';
import { JobManager } from './job-manager.ts';
import { type OpenAdHocSql, openAdHocSql, type SessionReading } from './open-ad-hoc-sql.ts';
import { type Jobs, openJobs } from './open-jobs.ts';
import { openViews, viewsOf } from './open-views.ts';
import { openWatching, type Watching, withoutWatching } from './open-watching.ts';
import type { FlinkOptions, Logger } from './options.ts';
import { RestClient } from './rest-client.ts';
import type { RestorePoints } from './restore-points.ts';
import { SessionPool } from './session-pool.ts';
import { SqlGateway } from './sql-gateway.ts';
import { type ExecuteOptions, type SqlResult, SqlSession } from './sql-session.ts';
import type { WatermarkListener } from './view-watermarks.ts';
import type { Views } from './views.ts';

/** What {@link openFlink} needs. */
export interface OpenFlinkOptions {
  readonly settings: FlinkOptions;
  readonly model: Model;
  /** The brokers as Flink reaches them, `host:port` separated by commas. */
  readonly bootstrapServers: string;
  /** Further Kafka client settings of Flink's tables, without the prefix `properties.`. */
  readonly kafkaProperties?: Readonly<Record<string, string>>;
  /** Null where Flink's checkpoints lie out of the gateway's sight. */
  readonly restorePoints: RestorePoints | null;
  /** Is told the watermarks of the views that somebody asks for; absent: nobody is. */
  readonly watermarks?: WatermarkListener;
  readonly logger: Logger;
}

/** Everything that the gateway does with Flink. */
export interface Flink extends Watching {
  readonly views: Views;
  /** Takes the jobs that clients submit. */
  readonly submission: Jobs['submission'];
  /** Stops, rescales and restarts jobs, and takes their savepoints. */
  readonly steering: Jobs['steering'];
  /** SQL of clients that is run as it comes. */
  readonly sql: Omit<OpenAdHocSql, 'close'>;
  readonly session: {
    /** Runs any statement over the declared tables. Rejects with SQL_REJECTED (details: line, column), TIMEOUT, … */
    execute(statement: string, options?: ExecuteOptions): Promise<SqlResult>;
  };
  /** Whether the JobManager answers now. Never rejects. */
  isReady(): Promise<boolean>;
  /** Ends what is under way and closes the sessions; jobs run on. */
  close(): Promise<void>;
}

const readyCacheMs = 1_000;

/** Opens the connections to Flink; nothing is sent yet. Without addresses in the settings every call says that there is no Flink. */
export function openFlink(options: OpenFlinkOptions): Flink {
  const { settings, model } = options;
  if (settings.restUrl === undefined || settings.sqlGatewayUrl === undefined) return withoutFlink(model);
  const timeoutMs = settings.requestTimeoutMs;
  const jobRest = new RestClient({ baseUrl: settings.restUrl, peer: 'The Flink JobManager', timeoutMs });
  const sqlRest = new RestClient({ baseUrl: settings.sqlGatewayUrl, peer: 'The Flink SQL Gateway', timeoutMs });
  const jobManager = new JobManager(jobRest);
  const createSession = sessionFactory(options, new SqlGateway(sqlRest));
  const sessions = createSessions(options, createSession);
  const policy = createSqlPolicy(settings, model, options.bootstrapServers);
  const sql = openAdHocSql({ ...options, jobManager, policy, createSession });
  const jobControl = new JobControl(jobRest);
  const opened = openViews({ ...options, jobManager, jobControl, pools: sessions });
  const { views } = opened;
  const statuses = () => views.statuses();
  const watermarks = options.watermarks ?? null;
  const watching = openWatching({ ...options, jobManager, jobRest, sqlRest, statuses, watermarks });
  return {
    ...watching,
    views,
    ...openJobs({ ...options, policy, jobManager, jobControl, pools: sessions, views: opened }),
    sql,
    session: { execute: (statement, how) => sessions.first.execute(statement, how) },
    isReady: createReadiness(jobManager),
    async close() {
      watching.close();
      const halted = views.close();
      await Promise.all([sessions.EARLIEST.close(), sessions.LATEST.close(), sql.close()]);
      await Promise.all([jobRest.close(), sqlRest.close()]);
      await halted;
    },
  };
}

type Sessions = Readonly<Record<View['from'], SessionPool>> & { readonly first: SqlSession };

function sessionFactory(options: OpenFlinkOptions, gateway: SqlGateway) {
  const { settings, model, bootstrapServers, kafkaProperties, logger } = options;
  return (name: string, reading: SessionReading) =>
    new SqlSession({
      gateway,
      name,
      properties: sessionProperties({ idleTimeoutMs: settings.sourceIdleTimeoutMs }),
      prelude: sessionStatements,
      tables: toDdl(model, { bootstrapServers, ...reading, ...(kafkaProperties ? { kafkaProperties } : {}) }),
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      idleMs: settings.sessionIdleMs,
      statementTimeoutMs: settings.statementTimeoutMs,
      logger,
    });
}

function createSessions({ settings }: OpenFlinkOptions, create: ReturnType<typeof sessionFactory>): Sessions {
  const first = create('sluice-1', { startupMode: 'earliest-offset' });
  const others = Array.from({ length: settings.compileSessions - 1 }, (_, index) =>
    create(`sluice-${index + 2}`, { startupMode: 'earliest-offset' }),
  );
  return {
    first,
    EARLIEST: new SessionPool([first, ...others]),
    LATEST: new SessionPool([create('sluice-latest', { startupMode: 'latest-offset' })]),
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

function withoutFlink(model: Model): Flink {
  const message = 'No Flink is configured. Set FLINK_REST_URL and FLINK_SQL_GATEWAY_URL, or start the local stack.';
  const refuse = () => Promise.reject(new SluiceError('FLINK_UNAVAILABLE', message));
  // biome-ignore lint/correctness/useYield: it refuses before there is anything to give
  const refuseToGenerate = async function* () {
    await refuse();
  };
  const statuses = viewsOf(model).map((view) => ({
    view: view.topic,
    state: 'NO_FLINK' as const,
    jobId: null,
    error: message,
  }));
  return {
    ...withoutWatching(refuse),
    views: {
      statuses: () => statuses,
      start: async () => {},
      plan: refuse,
      apply: refuse,
      hold: () => () => {},
      stopAll: async () => [],
      close: async () => {},
    },
    submission: { submit: refuse },
    steering: {
      stop: refuse,
      cancel: refuse,
      triggerSavepoint: refuse,
      disposeSavepoint: refuse,
      rescale: refuse,
      restart: refuse,
      operation: refuse,
    },
    sql: { query: refuse, subscribe: refuseToGenerate, explain: refuse, warmUp: async () => {} },
    session: { execute: refuse },
    isReady: async () => false,
    close: async () => {},
  };
}

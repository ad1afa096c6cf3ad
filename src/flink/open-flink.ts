import { SluiceError } from '#errors';
import { type Model, sessionProperties, sessionStatements, toDdl, type View } from '#model';
import { JobManager } from './job-manager.ts';
import type { FlinkOptions, Logger } from './options.ts';
import { RestClient } from './rest-client.ts';
import type { RestorePoints } from './restore-points.ts';
import { SessionPool } from './session-pool.ts';
import { SqlGateway } from './sql-gateway.ts';
import { type ExecuteOptions, type SqlResult, SqlSession } from './sql-session.ts';
import type { Job } from './types.ts';
import { hashView } from './view-hash.ts';
import { ViewRun } from './view-run.ts';
import { ViewStarter } from './view-starter.ts';
import { ReconciledViews, type Views } from './views.ts';

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
  readonly logger: Logger;
}

/** Everything that the gateway does with Flink. */
export interface Flink {
  readonly jobs: {
    /** All jobs that Flink remembers, newest first. Rejects with FLINK_UNAVAILABLE. */
    list(): Promise<readonly Job[]>;
    /** Rejects with NOT_FOUND. */
    get(id: string): Promise<Job>;
  };
  readonly views: Views;
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
  const sessions = createSessions(options, new SqlGateway(sqlRest));
  const views = createViews(options, jobManager, sessions);
  return {
    jobs: {
      list: () => jobManager.jobs(),
      get: (id) => jobManager.job(id),
    },
    views,
    session: { execute: (statement, how) => sessions.first.execute(statement, how) },
    isReady: createReadiness(jobManager),
    async close() {
      const halted = views.close();
      await Promise.all([sessions.EARLIEST.close(), sessions.LATEST.close()]);
      await Promise.all([jobRest.close(), sqlRest.close()]);
      await halted;
    },
  };
}

type Sessions = Readonly<Record<View['from'], SessionPool>> & { readonly first: SqlSession };

function createSessions(options: OpenFlinkOptions, gateway: SqlGateway): Sessions {
  const { settings, model, bootstrapServers, kafkaProperties, logger } = options;
  const create = (name: string, startupMode: 'earliest-offset' | 'latest-offset') => {
    return new SqlSession({
      gateway,
      name,
      properties: sessionProperties({ idleTimeoutMs: settings.sourceIdleTimeoutMs }),
      prelude: sessionStatements,
      tables: toDdl(model, { bootstrapServers, startupMode, ...(kafkaProperties ? { kafkaProperties } : {}) }),
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      idleMs: settings.sessionIdleMs,
      statementTimeoutMs: settings.statementTimeoutMs,
      logger,
    });
  };
  const first = create('sluice-1', 'earliest-offset');
  const others = Array.from({ length: settings.compileSessions - 1 }, (_, index) =>
    create(`sluice-${index + 2}`, 'earliest-offset'),
  );
  return {
    first,
    EARLIEST: new SessionPool([first, ...others]),
    LATEST: new SessionPool([create('sluice-latest', 'latest-offset')]),
  };
}

function createViews(options: OpenFlinkOptions, jobManager: JobManager, pools: Sessions): Views {
  const { settings, model, restorePoints, logger } = options;
  const { checkpointIntervalMs, watchIntervalMs, retryMaxMs } = settings;
  const runs = viewsOf(model).map((view) => new ViewRun(view, hashView(view, model)));
  const starter = new ViewStarter({ jobManager, pools, restorePoints, checkpointIntervalMs, logger });
  return new ReconciledViews({ runs, jobManager, starter, restorePoints, watchIntervalMs, retryMaxMs, logger });
}

function viewsOf(model: Model): readonly View[] {
  return model.sources.filter((source) => source.kind === 'view');
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
  const statuses = viewsOf(model).map((view) => ({
    view: view.topic,
    state: 'NO_FLINK' as const,
    jobId: null,
    error: message,
  }));
  return {
    jobs: { list: refuse, get: refuse },
    views: { statuses: () => statuses, apply: async () => {}, stopAll: async () => [], close: async () => {} },
    session: { execute: refuse },
    isReady: async () => false,
    close: async () => {},
  };
}

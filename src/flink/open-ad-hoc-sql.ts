import type { Model } from '#model';
import type { SqlPolicy } from '#sql';
import { AdHocJobs } from './ad-hoc-jobs.ts';
import { AdHocLimits } from './ad-hoc-limits.ts';
import { type AdHocSql, createAdHocSql, warmUp } from './ad-hoc-sql.ts';
import { createGatewayIdentity } from './gateway-identity.ts';
import type { JobManager } from './job-manager.ts';
import type { FlinkOptions, Logger } from './options.ts';
import { SessionPool } from './session-pool.ts';
import type { SqlSession } from './sql-session.ts';

/** How the tables of a session are read. */
export interface SessionReading {
  readonly startupMode: 'earliest-offset' | 'latest-offset';
  /** They end with what is there when they are read. */
  readonly isBounded?: boolean;
}

/** What {@link openAdHocSql} needs. */
export interface AdHocSqlOptions {
  readonly settings: FlinkOptions;
  readonly model: Model;
  readonly jobManager: JobManager;
  readonly policy: SqlPolicy;
  readonly createSession: (name: string, reading: SessionReading) => SqlSession;
  readonly logger: Logger;
}

/** Ad hoc SQL, and what it keeps open. */
export interface OpenAdHocSql extends AdHocSql {
  /** Opens the sessions that queries need first, so that the first client does not wait for it. Never rejects. */
  warmUp(): Promise<void>;
  /** Closes the sessions, and with them what runs in them. */
  close(): Promise<void>;
}

/** The second is opened only when the first is lent: a statement holds its session until Flink has begun it. */
const sessionsOfAKind = 2;

/** Ad hoc SQL has sessions of its own: what clients try out never keeps a view from being compiled. */
export function openAdHocSql(options: AdHocSqlOptions): OpenAdHocSql {
  const { settings, createSession, logger } = options;
  const createPool = (kind: string, reading: SessionReading) =>
    new SessionPool(
      Array.from({ length: sessionsOfAKind }, (_, index) => createSession(`sluice-sql-${kind}-${index + 1}`, reading)),
    );
  const pools = {
    NOW: createPool('now', { startupMode: 'earliest-offset', isBounded: true }),
    EARLIEST: createPool('earliest', { startupMode: 'earliest-offset' }),
    LATEST: createPool('latest', { startupMode: 'latest-offset' }),
  };
  const jobs = new AdHocJobs({ jobManager: options.jobManager, identity: createGatewayIdentity(), logger });
  const limits = new AdHocLimits({ perClient: settings.sqlQueriesPerClient, total: settings.sqlQueries });
  if (settings.sql !== 'off') jobs.openSweep();
  return {
    ...createAdHocSql({ ...options, limits, jobs, pools }),
    async warmUp() {
      if (settings.sql !== 'off') await warmUp(pools, logger);
    },
    async close() {
      jobs.close();
      await Promise.all(Object.values(pools).map((pool) => pool.close()));
    },
  };
}

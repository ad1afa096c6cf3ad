import { type Flink, type Logger, noFlink } from '#flink';
import type { Model } from '#model';
import type { SqlPolicy } from '#sql';
import { AdHocJobs } from './ad-hoc-jobs.ts';
import { AdHocLimits } from './ad-hoc-limits.ts';
import { type AdHocSql, createAdHocSql, warmUp } from './ad-hoc-sql.ts';
import { createGatewayIdentity } from './gateway-identity.ts';
import type { QueriesOptions } from './options.ts';

/** What {@link openQueries} needs. */
export interface OpenQueriesOptions {
  readonly flink: Flink;
  readonly settings: QueriesOptions;
  readonly model: Model;
  readonly policy: SqlPolicy;
  readonly logger: Logger;
}

/** Ad hoc SQL, and what it keeps open. */
export interface Queries extends AdHocSql {
  /** Opens the sessions that queries need first, so that the first client does not wait for it. Never rejects. */
  warmUp(): Promise<void>;
  /** Looks after queries no more; what runs in them ends with their sessions. */
  close(): void;
}

/** The second is opened only when the first is lent: a statement holds its session until Flink has begun it. */
const sessionsOfAKind = 2;

/** Ad hoc SQL has sessions of its own: what clients try out never keeps a view from being compiled. They close with Flink. */
export function openQueries(options: OpenQueriesOptions): Queries {
  const { flink, settings, logger } = options;
  const namesOf = (kind: string) =>
    Array.from({ length: sessionsOfAKind }, (_, index) => `sluice-sql-${kind}-${index + 1}`);
  const pools = {
    NOW: flink.createPool(namesOf('now'), { startupMode: 'earliest-offset', isBounded: true }),
    EARLIEST: flink.createPool(namesOf('earliest'), { startupMode: 'earliest-offset' }),
    LATEST: flink.createPool(namesOf('latest'), { startupMode: 'latest-offset' }),
  };
  const jobs = new AdHocJobs({ jobManager: flink.jobManager, identity: createGatewayIdentity(), logger });
  const limits = new AdHocLimits({ perClient: settings.sqlQueriesPerClient, total: settings.sqlQueries });
  if (settings.sql !== 'off') jobs.openSweep();
  return {
    ...createAdHocSql({ ...options, limits, jobs, pools }),
    async warmUp() {
      if (settings.sql !== 'off') await warmUp(pools, logger);
    },
    close: () => jobs.close(),
  };
}

/** Ad hoc SQL where no Flink is configured: every call says so. */
export function withoutQueries(): Queries {
  const refuse = () => Promise.reject(noFlink());
  return {
    query: refuse,
    // biome-ignore lint/correctness/useYield: it refuses before there is anything to give
    async *subscribe() {
      await refuse();
    },
    explain: refuse,
    warmUp: async () => {},
    close: () => {},
  };
}

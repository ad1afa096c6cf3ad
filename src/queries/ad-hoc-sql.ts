import { messageOf, SluiceError } from '#errors';
import { type Logger, locate, type SessionPool, type SqlResult, withOwnTables } from '#flink';
import type { Model } from '#model';
import {
  type SqlPolicy,
  type SqlUse,
  type Statement,
  splitStatements,
  toExplain,
  toSinkInsert,
  toStatementSet,
} from '#sql';
import type { AdHocJobs } from './ad-hoc-jobs.ts';
import type { AdHocLimits } from './ad-hoc-limits.ts';
import { type AdHocResult, nameColumns, readBounded } from './ad-hoc-query.ts';
import { type AdHocPage, readContinuously } from './ad-hoc-subscription.ts';
import { type Explanation, toExplanation } from './explanation.ts';
import type { QueriesOptions } from './options.ts';
import { createRowReader } from './sql-values.ts';
import { within } from './within.ts';

/** SQL that a client sends, and who it is, for the limits. */
interface AdHocRequest {
  readonly statement: string;
  readonly client: string;
}

/** A statement that is to be answered at once. */
interface AdHocQuery extends AdHocRequest {
  readonly maxRows: number;
  readonly timeoutMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** A SELECT whose rows are to be told as they come. */
interface AdHocSubscription extends AdHocRequest {
  /** Completes after so many rows; null: it goes on until somebody ends it. */
  readonly maxRows: number | null;
  readonly startFrom: 'EARLIEST' | 'LATEST';
}

/** SQL of clients that is run as it comes, over the declared tables and tables of their own. */
export interface AdHocSql {
  /**
   * Runs one SHOW, DESCRIBE or EXPLAIN, or reads what a SELECT gives for what is in the topics now. Rejects with
   * SQL_REJECTED or SQL_NOT_ALLOWED (line, column), OVERLOADED, TIMEOUT, FLINK_UNAVAILABLE, TABLE_TOO_LARGE.
   */
  query(query: AdHocQuery): Promise<AdHocResult>;
  /** A continuous SELECT: its columns at once, then its rows as they are taken. Its Flink job ends with it. Rejects alike. */
  subscribe(subscription: AdHocSubscription, signal: AbortSignal): AsyncGenerator<AdHocPage, void, void>;
  /** The plan of a SELECT or of INSERTs. Rejects alike. */
  explain(request: AdHocRequest): Promise<Explanation>;
}

/** What {@link createAdHocSql} works with. */
export interface AdHocSqlParts {
  readonly model: Model;
  readonly settings: QueriesOptions;
  readonly policy: SqlPolicy;
  readonly limits: AdHocLimits;
  readonly jobs: AdHocJobs;
  /** Sessions by where their tables are read from and, `NOW`, from the beginning up to what is there. */
  readonly pools: Readonly<Record<'EARLIEST' | 'LATEST' | 'NOW', SessionPool>>;
}

/** A SELECT gives in time the rows that are there. One that Flink has not even begun is given up so much later. */
const beginMs = 5_000;

/** Ad hoc SQL over sessions that are open already. */
export function createAdHocSql(parts: AdHocSqlParts): AdHocSql {
  const { settings, limits, jobs, pools } = parts;
  return {
    async query({ statement, client, maxRows, timeoutMs, signal = new AbortController().signal }) {
      const { creates, last } = read(parts, statement, 'QUERY');
      requireRange('maxRows', maxRows, settings.sqlMaxRows);
      requireRange('timeoutMs', timeoutMs, settings.sqlRunMs);
      const isSelect = last.kind === 'SELECT';
      const untilMs = Date.now() + timeoutMs;
      return await within(isSelect ? timeoutMs + beginMs : timeoutMs, signal, async (ending) => {
        // Its place is free when its work is over, also when nobody waits for it any more.
        using _place = limits.take(client);
        if (!isSelect) return await tell(parts, { creates, last }, { maxRows, deadlineMs: timeoutMs });
        const order = { pool: pools.NOW, creates, select: last, client, untilMs, signal: ending };
        return await readBounded(jobs, order, maxRows);
      });
    },
    async *subscribe({ statement, client, maxRows, startFrom }, signal) {
      const { creates, last } = read(parts, statement, 'SUBSCRIBE');
      if (maxRows !== null) requireRange('maxRows', maxRows, settings.sqlSubscriptionRows);
      using place = limits.take(client);
      const untilMs = Date.now() + settings.sqlRunMs;
      const order = { pool: pools[startFrom], creates, select: last, client, untilMs, signal };
      try {
        yield* readContinuously(jobs, order, { maxRows, place, settings });
      } catch (thrown) {
        // Nobody is there to be told.
        if (!signal.aborted) throw thrown;
      }
    },
    async explain({ statement, client }) {
      const { creates, last } = read(parts, statement, 'EXPLAIN');
      using _place = limits.take(client);
      const explained = toExplain(last.explained ?? last, 'EXPLAIN JSON_EXECUTION_PLAN');
      const { rows } = await run(parts, { creates, last: explained }, { maxRows: 1 });
      return toExplanation(String(rows[0]?.fields[0] ?? ''));
    },
  };
}

/** Opens the sessions that queries need first, so that the first client does not wait for it. Never rejects. */
export async function warmUp(pools: AdHocSqlParts['pools'], logger: Logger): Promise<void> {
  for (const pool of [pools.NOW, pools.LATEST]) {
    try {
      await pool.warmUp();
    } catch (thrown) {
      logger.debug({ reason: messageOf(thrown) }, 'a session for ad hoc SQL could not be opened ahead');
    }
  }
}

interface Script {
  /** The tables of its own. */
  readonly creates: readonly Statement[];
  readonly last: Statement;
}

/** What the client may not send is refused here, before anything is counted or sent. */
function read({ policy, model }: AdHocSqlParts, sql: string, use: SqlUse): Script {
  const statements = splitStatements(sql);
  policy.check(statements, use);
  const isOwn = ({ kind }: Statement) => kind === 'CREATE_TEMPORARY_TABLE' || kind === 'CREATE_TEMPORARY_VIEW';
  const creates = statements.filter(isOwn);
  const rest = statements.filter((statement) => !isOwn(statement)).map((statement) => toSinkInsert(statement, model));
  const [only, ...more] = rest;
  if (!only) throw new Error('the policy lets only texts pass that end with a statement to run');
  return { creates, last: more.length > 0 ? toStatementSet(rest) : only };
}

interface RunOptions {
  readonly maxRows: number;
  readonly deadlineMs?: number;
}

async function run({ pools }: AdHocSqlParts, { creates, last }: Script, options: RunOptions): Promise<SqlResult> {
  return await pools.EARLIEST.withSession((session) =>
    withOwnTables(session, creates, async () => {
      try {
        return await session.execute(last.text, { ...options, repeatable: true });
      } catch (thrown) {
        throw locate(last, thrown);
      }
    }),
  );
}

async function tell(parts: AdHocSqlParts, script: Script, options: RunOptions): Promise<AdHocResult> {
  const { columns, rows, truncated } = await run(parts, script, options);
  return {
    columns: nameColumns(columns),
    rows: rows.map(createRowReader(columns)),
    reason: truncated ? 'MAX_ROWS' : null,
  };
}

function requireRange(name: string, value: number, max: number): void {
  if (value >= 1 && value <= max) return;
  throw new SluiceError('BAD_INPUT', `Argument "${name}": a number from 1 to ${max} is wanted, not ${value}.`);
}

import { messageOf, SluiceError } from '#errors';
import { dropStatements, type SourceDdl } from '#model';
import { collectResult, type SqlResult } from './collect-result.ts';
import { explainMissing, isFlinkAway, isSessionGone, isStopping } from './flink-errors.ts';
import { toOlderOptions } from './older-options.ts';
import type { Logger } from './options.ts';
import type { FlinkConfig, SqlGateway } from './sql-gateway.ts';
import { SqlOperation } from './sql-operation.ts';

/** What a {@link SqlSession} is made of. */
export interface SqlSessionOptions {
  readonly gateway: SqlGateway;
  readonly name: string;
  readonly properties: FlinkConfig;
  /** Run first, in order; when one fails the session is not opened. */
  readonly prelude: readonly string[];
  /**
   * The tables as they are to be now: the same list as long as nothing has changed. One that Flink refuses is told in
   * `refusedTables` and does not hinder the others.
   */
  readonly tables: () => readonly SourceDdl[];
  readonly heartbeatIntervalMs: number;
  readonly idleMs: number;
  /** The longest time one statement may take unless it says otherwise. */
  readonly statementTimeoutMs: number;
  readonly logger: Logger;
}

/** How to start one statement. */
export interface StartOptions {
  /** Settings for this statement only. */
  readonly config?: FlinkConfig;
  readonly deadlineMs?: number;
  /** Set when running the statement twice does no harm: it is then repeated if the session is lost in the middle. */
  readonly repeatable?: boolean;
  /** Gives up the start, and closes what was started. */
  readonly signal?: AbortSignal;
  /** Told once when the operation is closed; the failure says why Flink may not have closed it, null when it has. */
  readonly onClosed?: (failure: unknown) => void;
}

/** How to run one statement. */
export interface ExecuteOptions extends Pick<StartOptions, 'config' | 'deadlineMs' | 'repeatable'> {
  /** No more rows than this are fetched; `truncated` says that there were more. */
  readonly maxRows?: number;
}

const defaultMaxRows = 10_000;
/** Setup statements under way at once. The gateway runs them one after the other; this saves the round trips between. */
const setupConcurrency = 4;

/**
 * A session of the SQL Gateway that knows all declared tables. It is opened with the first statement, kept alive while
 * it is used, closed when it is not, and when the gateway has forgotten it, opened again with everything declared anew:
 * the caller sees none of that. Statements may be given at the same time; the gateway runs them one by one.
 */
export class SqlSession {
  readonly #options: SqlSessionOptions;
  #handle: Promise<string> | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  #lastUsedMs = 0;
  /** Calls and operations under way: while there are any, it is not idle. */
  #uses = 0;
  /** Those that are declared in it, or are being declared. */
  #tables: readonly SourceDdl[] = [];
  #refusedTables: ReadonlyMap<string, string> = new Map();

  constructor(options: SqlSessionOptions) {
    this.#options = options;
  }

  /** The tables that Flink refused when the session was opened last, and why. */
  get refusedTables(): ReadonlyMap<string, string> {
    return this.#refusedTables;
  }

  /** The topics that are to have a table once something outside of Flink answers, and what is waited for. */
  get awaitedTables(): ReadonlyMap<string, string> {
    return new Map(
      this.#tables.flatMap((table) => (table.missing?.mayCome ? [[table.topic, table.missing.reason]] : [])),
    );
  }

  /** Another value each time the session is opened, null while it is not: what was made in an earlier one is gone. */
  get incarnation(): unknown {
    return this.#handle;
  }

  /** Opens the session now rather than with the first statement. */
  async open(): Promise<void> {
    await this.#open();
  }

  /** Runs a CREATE, DROP, ALTER, USE or SET: one request, far quicker than `execute`. Not kept for a session opened later. */
  async configure(statement: string): Promise<void> {
    const { gateway, statementTimeoutMs } = this.#options;
    await this.#inSession(true, (session) => gateway.configureSession(session, statement, statementTimeoutMs));
  }

  /**
   * Runs any one statement and collects its result. An INSERT answers as soon as its job is submitted. Rejects with
   * SQL_REJECTED (details: line, column), FLINK_REFUSED, FLINK_UNAVAILABLE, or TIMEOUT when the outcome is not known.
   */
  async execute(statement: string, options: ExecuteOptions = {}): Promise<SqlResult> {
    return await this.#inSession(options.repeatable ?? false, async (session, submitted) => {
      const deadlineMs = options.deadlineMs ?? this.#options.statementTimeoutMs;
      const until = Date.now() + deadlineMs;
      const operation = await this.#submit(session, statement, options);
      submitted();
      try {
        await operation.begun(deadlineMs);
        return await collectResult(operation, options.maxRows ?? defaultMaxRows, { until, deadlineMs });
      } finally {
        // Nobody waits for it: what it does not free, the end of the session does.
        void operation.close();
      }
    });
  }

  /**
   * Starts any one statement: resolves when Flink has accepted it, with its result to be read page by page. The session
   * stays open until the operation is closed. Rejects as `execute` does, or with the reason of the signal.
   */
  async start(statement: string, options: StartOptions = {}): Promise<SqlOperation> {
    return await this.#inSession(options.repeatable ?? false, async (session, submitted) => {
      options.signal?.throwIfAborted();
      const operation = await this.#submit(session, statement, options);
      submitted();
      try {
        await operation.begun(options.deadlineMs ?? this.#options.statementTimeoutMs, options.signal);
        return operation;
      } catch (thrown) {
        void operation.close();
        throw thrown;
      }
    });
  }

  /** Ends the session on the gateway, if it is open. The next statement would open another. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#forget(handle);
    if (!handle) return;
    try {
      await this.#options.gateway.closeSession(await handle);
    } catch (thrown) {
      this.#options.logger.debug({ reason: messageOf(thrown) }, 'a session was gone before it was closed');
    }
  }

  async #submit(session: string, statement: string, { config, onClosed }: StartOptions): Promise<SqlOperation> {
    const { gateway, logger } = this.#options;
    const operation = await gateway.submitStatement(session, statement, config ?? {});
    this.#uses += 1;
    return new SqlOperation({
      gateway,
      session,
      operation,
      onClosed: (failure) => {
        this.#used();
        if (failure) logger.debug({ operation, reason: messageOf(failure) }, 'an operation was not closed');
        onClosed?.(failure);
      },
    });
  }

  async #inSession<T>(repeatable: boolean, run: (session: string, submitted: () => void) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      const opened = this.#open();
      let isSubmitted = false;
      this.#uses += 1;
      try {
        // It may be lost already while its tables are declared.
        return await run(await opened, () => {
          isSubmitted = true;
        });
      } catch (thrown) {
        if (!isSessionGone(thrown)) throw explainMissing(thrown, this.#tables);
        this.#forget(opened);
        this.#options.logger.info({ session: this.#options.name }, 'the SQL Gateway lost a session; it is opened anew');
        if (attempt > 0 || (isSubmitted && !repeatable)) {
          throw new SluiceError('FLINK_UNAVAILABLE', 'The SQL Gateway lost the session while it ran the statement.', {
            cause: thrown,
          });
        }
      } finally {
        this.#used();
      }
    }
  }

  #used(): void {
    this.#uses -= 1;
    this.#lastUsedMs = Date.now();
  }

  /** One opening at a time, with the tables as they are to be: all who need the session wait for the same one. */
  #open(): Promise<string> {
    const tables = this.#options.tables();
    if (this.#handle && tables === this.#tables) return this.#handle;
    const handle = this.#handle ? this.#declareAnew(this.#handle, tables) : this.#create(tables);
    this.#forget(this.#handle);
    this.#handle = handle;
    this.#tables = tables;
    this.#lastUsedMs = Date.now();
    this.#heartbeat = setInterval(() => void this.#keepAlive(handle), this.#options.heartbeatIntervalMs);
    this.#heartbeat.unref();
    handle.catch(() => this.#forget(handle));
    return handle;
  }

  async #create(tables: readonly SourceDdl[]): Promise<string> {
    const { gateway, name, properties, prelude, statementTimeoutMs } = this.#options;
    const session = await gateway.openSession(name, properties);
    try {
      for (const statement of prelude) await gateway.configureSession(session, statement, statementTimeoutMs);
      this.#refusedTables = new Map();
      await this.#declareTables(session, tables);
    } catch (thrown) {
      gateway.closeSession(session).catch(() => {});
      throw thrown;
    }
    return session;
  }

  /** What is declared otherwise than before is dropped first; the statements under way are not touched by that. */
  async #declareAnew(handle: Promise<string>, tables: readonly SourceDdl[]): Promise<string> {
    const before = new Map(this.#tables.map((table) => [table.topic, JSON.stringify(table)]));
    const changed = tables.filter((table) => before.get(table.topic) !== JSON.stringify(table));
    const session = await handle;
    const toAnew = (topic: string, statements: readonly string[]) => [...dropStatements(topic), ...statements];
    const anew = changed.map(({ topic, statements }) => ({ topic, statements: toAnew(topic, statements) }));
    await this.#declareTables(session, anew);
    return session;
  }

  async #declareTables(session: string, tables: readonly SourceDdl[]): Promise<void> {
    const { logger } = this.#options;
    const declared = new Set(tables.map(({ topic }) => topic));
    const refused = new Map([...this.#refusedTables].filter(([topic]) => !declared.has(topic)));
    const waiting = tables.values();
    const declare = async () => {
      // The workers share one iterator: each takes the next table that none has taken.
      for (const table of waiting) {
        try {
          await this.#declare(session, table);
        } catch (thrown) {
          if (isFlinkAway(thrown) || isSessionGone(thrown) || isStopping(thrown)) throw thrown;
          const { topic } = table;
          refused.set(topic, messageOf(thrown));
          logger.error({ topic, reason: messageOf(thrown) }, 'Flink refused the declaration of a table');
        }
      }
    };
    await Promise.all(Array.from({ length: setupConcurrency }, declare));
    this.#refusedTables = refused;
  }

  async #declare(session: string, table: SourceDdl): Promise<void> {
    const { gateway, statementTimeoutMs } = this.#options;
    const run = async (statements: readonly string[]) => {
      for (const statement of statements) await gateway.configureSession(session, statement, statementTimeoutMs);
    };
    try {
      await run(table.statements);
    } catch (thrown) {
      const older = toOlderOptions(table, thrown);
      if (older === null) throw thrown;
      await run(older);
    }
  }

  async #keepAlive(handle: Promise<string>): Promise<void> {
    if (this.#uses === 0 && Date.now() - this.#lastUsedMs > this.#options.idleMs) return await this.close();
    try {
      await this.#options.gateway.heartbeat(await handle);
    } catch (thrown) {
      if (isSessionGone(thrown)) this.#forget(handle);
    }
  }

  #forget(handle: Promise<string> | null): void {
    if (this.#handle !== handle) return;
    this.#handle = null;
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }
}

import { SluiceError } from '#errors';
import { kafkaSourcesOf, type Model } from '#model';
import type { SqlMode, SqlSettings } from './options.ts';
import { refuseSql } from './sql-refusal.ts';
import type { Statement, StatementKind } from './statement.ts';
import { type TableRuleOptions, TableRules } from './table-rules.ts';

/** What a text of SQL is sent for. */
export type SqlUse = 'QUERY' | 'SUBSCRIBE' | 'EXPLAIN' | 'SUBMIT';

/** What an {@link SqlPolicy} judges by. */
export interface SqlPolicyOptions extends TableRuleOptions {
  readonly mode: SqlMode;
}

const allowed: Readonly<Record<SqlUse, { readonly kinds: readonly StatementKind[]; readonly what: string }>> = {
  QUERY: {
    kinds: ['SELECT', 'SHOW', 'DESCRIBE', 'EXPLAIN'],
    what: 'A query runs one SELECT, SHOW, DESCRIBE or EXPLAIN',
  },
  SUBSCRIBE: { kinds: ['SELECT'], what: 'A subscription runs one SELECT' },
  EXPLAIN: { kinds: ['SELECT', 'EXPLAIN', 'INSERT', 'STATEMENT_SET'], what: 'A SELECT or INSERTs can be explained' },
  SUBMIT: { kinds: ['INSERT', 'STATEMENT_SET'], what: 'A job runs INSERTs: one, several, or a statement set' },
};

/** What to do instead of a statement that is never allowed. */
const instead: Readonly<Partial<Record<StatementKind, string>>> = {
  SET: 'Give settings of a job as "settings" of submitJob.',
  RESET: 'Settings hold for one job only; leave RESET away.',
  USE: 'Write names of other catalogs in full: catalog.database.table.',
  ADD_JAR: 'Jars are installed where Flink runs, by whoever runs it.',
  REMOVE_JAR: 'Jars are installed where Flink runs, by whoever runs it.',
  LOAD_MODULE: 'Modules are loaded where the SQL Gateway is configured.',
  UNLOAD_MODULE: 'Modules are loaded where the SQL Gateway is configured.',
  CREATE:
    'Declare streams and views in the schema folder; for the time of one call use CREATE TEMPORARY TABLE or CREATE TEMPORARY VIEW.',
  DROP: 'Tables of your own are dropped by themselves.',
  ALTER: 'Streams and views are declared in the schema folder; change them there.',
  STOP_JOB: 'Use the mutation stopJob or cancelJob.',
  CALL: 'Procedures change catalogs for all; call them with the SQL client of Flink.',
  UPDATE: 'Write with INSERT INTO; the rows of a keyed table are replaced by key.',
  DELETE: 'Write with INSERT INTO; the rows of a keyed table are replaced by key.',
  TRUNCATE: 'Topics are emptied with the tools of Kafka.',
  PLAN: 'Submit the INSERT itself.',
};

const tellsOptions = /^SHOW CREATE (?!VIEW$)|^DESC(?:RIBE)? (?:CATALOG|MODEL|CONNECTION)$/;

/** The policy that the settings ask for. */
export function createSqlPolicy(settings: SqlSettings, model: Model, bootstrapServers: string): SqlPolicy {
  const { sql: mode, sqlConnectors: connectors, sqlPaths: paths } = settings;
  return new SqlPolicy({ mode, connectors, paths, sources: kafkaSourcesOf(model), bootstrapServers });
}

/** Judges what clients want of Flink before Flink sees it: statements, and what is done to jobs. */
export class SqlPolicy {
  readonly #mode: SqlMode;
  readonly #rules: TableRules;

  constructor(options: SqlPolicyOptions) {
    this.#mode = options.mode;
    this.#rules = new TableRules(options);
  }

  /** Throws SQL_NOT_ALLOWED (details: line, column, statement), which says what, where, and what would be allowed. */
  check(statements: readonly Statement[], use: SqlUse): void {
    for (const [index, statement] of statements.entries()) this.#checkKind(statement, statements.slice(index + 1), use);
    this.#rules.check(statements);
  }

  /** Throws NOT_ALLOWED for a mutation that changes jobs or their savepoints: who may start no jobs may end none. */
  checkSteering(mutation: string): void {
    if (this.#mode === 'all') return;
    const message = `${mutation} is not allowed on this gateway: SLUICE_SQL is "${this.#mode}"; "all" would allow it.`;
    throw new SluiceError('NOT_ALLOWED', message, { details: { setting: 'SLUICE_SQL' } });
  }

  #checkKind(statement: Statement, following: readonly Statement[], use: SqlUse): void {
    const { kind, title } = statement;
    const refuse = (reason: string) => refuseSql(statement, reason);
    if (this.#mode === 'off') throw refuse('SQL of clients is turned off on this gateway: SLUICE_SQL is "off".');
    const rule = allowed[use];
    const [next] = following;
    const isLast = next === undefined;
    const isOwn = kind === 'CREATE_TEMPORARY_TABLE' || kind === 'CREATE_TEMPORARY_VIEW';
    const isWrite = rule.kinds.includes(kind) && use === 'SUBMIT';
    if ((isOwn || isWrite) && this.#mode !== 'all') {
      throw refuse(`${title} is not allowed on this gateway: SLUICE_SQL is "${this.#mode}"; "all" would allow it.`);
    }
    if (isOwn) {
      if (!isLast) return;
      throw refuse(`Nothing follows that uses the table. ${rule.what}, with CREATE TEMPORARY statements before it.`);
    }
    if (!rule.kinds.includes(kind)) {
      throw refuse(`${title} is not allowed here. ${rule.what}.${instead[kind] ? ` ${instead[kind]}` : ''}`);
    }
    const explained = statement.explained?.kind;
    if (explained && !['SELECT', 'INSERT', 'STATEMENT_SET'].includes(explained)) {
      throw refuse(
        `EXPLAIN of ${statement.explained.title} is not allowed. Only a SELECT or INSERTs can be explained.`,
      );
    }
    if (tellsOptions.test(title)) {
      throw refuse(`${title} may show credentials. "ddl" of the query streams shows the tables of declared topics.`);
    }
    const isPartOfSet = kind === 'INSERT' && following.every((other) => other.kind === 'INSERT');
    if (!isLast && !isPartOfSet) throw refuseSql(next, `Another statement begins here. ${rule.what}.`);
  }
}

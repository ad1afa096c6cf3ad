import { isTable, refuseSink, type Source } from '#model';
import { refuseSql } from './sql-refusal.ts';
import type { CreatedTable, SqlName, SqlOptions, Statement } from './statement.ts';
import { refuseConnector, refuseHintOption, refuseTableOption } from './table-options.ts';

/** What {@link TableRules} judge by. */
export interface TableRuleOptions {
  /** The connectors that tables of a client's own may have. */
  readonly connectors: readonly string[];
  /** What paths and addresses in options must begin with. */
  readonly paths: readonly string[];
  /** The streams and views that are declared. */
  readonly sources: readonly Source[];
  /** The brokers as Flink reaches them, `host:port` separated by commas. */
  readonly bootstrapServers: string;
}

const brokersKey = 'properties.bootstrap.servers';

/** Judges the tables that a text makes, and the hints in it. */
export class TableRules {
  readonly #options: TableRuleOptions;

  constructor(options: TableRuleOptions) {
    this.#options = options;
  }

  /** Throws SQL_NOT_ALLOWED for the first thing in the text that is not allowed. */
  check(statements: readonly Statement[]): void {
    const own = new Set<string>();
    for (const statement of statements) {
      this.#checkHints(statement);
      for (const insert of [statement, ...statement.inserts]) this.#checkTarget(insert, insert.target);
      if (statement.creates) this.#checkCreated(statement, statement.creates, own);
      else if (statement.kind.startsWith('CREATE')) throw refuseSql(statement, 'The name of the table is missing.');
    }
  }

  #checkHints(statement: Statement): void {
    for (const { name, options } of [...statement.hints, ...(statement.explained?.hints ?? [])]) {
      if (name !== 'OPTIONS') continue;
      refuseOdd(statement, options);
      for (const option of options.entries) {
        const reason = refuseHintOption(option, this.#options);
        if (reason) throw refuseSql(statement, reason, option.offset);
      }
    }
  }

  /** Not every topic can be written to; and two jobs with the same transactional ids would abort each other's transactions. */
  #checkTarget(statement: Statement, target: SqlName | null): void {
    const topic = target?.parts.at(-1);
    const view = this.#options.sources.find((source) => source.topic === topic);
    const refused = view ? refuseSink(view) : null;
    if (refused !== null) throw refuseSql(statement, refused, target?.offset);
    if (view?.kind !== 'view' || view.guarantee !== 'EXACTLY_ONCE') return;
    const reason = `"${topic}" is a view that writes with EXACTLY_ONCE; nobody else can write to its topic. Declare a stream for what the job writes.`;
    throw refuseSql(statement, reason, target?.offset);
  }

  #checkCreated(statement: Statement, created: CreatedTable, own: Set<string>): void {
    const { name, orReplace, oddAt } = created;
    this.#checkName(statement, name, own);
    if (orReplace) throw refuseSql(statement, 'Leave OR REPLACE away: tables of your own live for this call only.');
    if (created.options) refuseOdd(statement, created.options);
    if (oddAt !== null) {
      throw refuseSql(statement, 'A table of your own has columns, WITH (…) and LIKE, and nothing else.', oddAt);
    }
    if (statement.kind === 'CREATE_TEMPORARY_TABLE') this.#checkTable(statement, created, own);
    own.add(name.parts.join('.'));
  }

  #checkName(statement: Statement, { parts, offset }: SqlName, own: ReadonlySet<string>): void {
    const name = parts.join('.');
    if (parts.length > 1) {
      throw refuseSql(
        statement,
        `A table of your own has a name without catalog and database; "${name}" has ${parts.length} parts.`,
        offset,
      );
    }
    if (this.#options.sources.some((source) => source.topic === name)) {
      throw refuseSql(statement, `"${name}" is a declared topic. Give the table of your own another name.`, offset);
    }
    if (own.has(name)) throw refuseSql(statement, `"${name}" is made twice.`, offset);
  }

  #checkTable(statement: Statement, { options, like, name }: CreatedTable, own: ReadonlySet<string>): void {
    if (like) this.#checkLike(statement, like, own);
    const entries = options?.entries ?? [];
    const connector = entries.findLast(({ key }) => key === 'connector');
    if (!connector && !like) {
      throw refuseSql(
        statement,
        `The table "${name.parts.join('.')}" has no 'connector'. Allowed are ${this.#connectors}.`,
      );
    }
    if (!like && connector?.value.endsWith('kafka') && !entries.some(({ key }) => key === brokersKey)) {
      const reason = `The table "${name.parts.join('.')}" names no brokers. Add '${brokersKey}' = '${this.#options.bootstrapServers}'.`;
      throw refuseSql(statement, reason, connector.offset);
    }
    for (const option of entries) {
      const reason = refuseTableOption(option, this.#options);
      if (reason) throw refuseSql(statement, reason, option.offset);
    }
  }

  /** What another table's options are is known only of those that were judged, and of the gateway's own. */
  #checkLike(statement: Statement, like: SqlName, own: ReadonlySet<string>): void {
    const [database = '', topic = '', ...more] = like.parts;
    if (like.parts.length === 1 && own.has(database)) return;
    const source = this.#options.sources.find((declared) => declared.topic === topic);
    if (!source || more.length > 0 || !['source', 'sink'].includes(database)) {
      const reason = `LIKE takes over the options of "${like.parts.join('.')}". Allowed are tables made before in the same text, and source.<topic> and sink.<topic> of declared topics.`;
      throw refuseSql(statement, reason, like.offset);
    }
    const reason = refuseConnector(isTable(source) ? 'upsert-kafka' : 'kafka', this.#options.connectors);
    if (reason) throw refuseSql(statement, reason, like.offset);
    if (database === 'sink') this.#checkTarget(statement, like);
  }

  get #connectors(): string {
    return this.#options.connectors.join(', ') || 'none';
  }
}

function refuseOdd(statement: Statement, { oddAt }: SqlOptions): void {
  if (oddAt === null) return;
  throw refuseSql(statement, "Write each option as 'key' = 'value', both as plain text between single quotes.", oddAt);
}

import type { SqlFragment, SqlPosition } from './sql-fragment.ts';

/** What a statement does. `OTHER`: nothing that is known here, so nothing that is ever allowed. */
export type StatementKind =
  | 'SELECT'
  | 'SHOW'
  | 'DESCRIBE'
  | 'EXPLAIN'
  | 'INSERT'
  | 'STATEMENT_SET'
  | 'CREATE_TEMPORARY_TABLE'
  | 'CREATE_TEMPORARY_VIEW'
  | 'CREATE'
  | 'DROP'
  | 'ALTER'
  | 'SET'
  | 'RESET'
  | 'USE'
  | 'ADD_JAR'
  | 'REMOVE_JAR'
  | 'LOAD_MODULE'
  | 'UNLOAD_MODULE'
  | 'CALL'
  | 'UPDATE'
  | 'DELETE'
  | 'TRUNCATE'
  | 'ANALYZE'
  | 'STOP_JOB'
  | 'PLAN'
  | 'OTHER';

/** A name as written; `offset` is its place in the client's text. */
export interface SqlName {
  readonly parts: readonly string[];
  readonly offset: number;
}

/** One `'key' = 'value'` of a WITH clause or a hint. */
export interface SqlOption {
  readonly key: string;
  readonly value: string;
  readonly offset: number;
}

/** What stands between the parentheses of a WITH clause or a hint. */
export interface SqlOptions {
  readonly entries: readonly SqlOption[];
  /** The offset of the first thing that is no plain `'key' = 'value'`; null when there is none. */
  readonly oddAt: number | null;
}

/** One hint of `/*+ …`. The options are those of an OPTIONS hint; of others they say nothing. */
export interface SqlHint {
  readonly name: string;
  readonly options: SqlOptions;
  readonly offset: number;
}

/** What a CREATE TEMPORARY TABLE or VIEW makes. */
export interface CreatedTable {
  readonly name: SqlName;
  readonly orReplace: boolean;
  /** Null without a WITH clause. */
  readonly options: SqlOptions | null;
  readonly like: SqlName | null;
  /** Where something stands that a table of one's own cannot have: `AS SELECT`, `USING CONNECTION`, a second WITH. */
  readonly oddAt: number | null;
}

/** One statement of a text that a client sent. */
export interface Statement extends SqlFragment {
  /** What is sent to Flink: comments are blanked out, so that Flink reads nothing but what was judged here. */
  readonly text: string;
  readonly kind: StatementKind;
  /** Its first words, for people: `CREATE FUNCTION`. */
  readonly title: string;
  /** Where it begins in the whole text. */
  readonly start: SqlPosition;
  /** Which of the text's statements it is, from 1. */
  readonly number: number;
  /** The whole text as the client sent it. */
  readonly source: string;
  /** What a CREATE TEMPORARY TABLE or VIEW makes; else null. */
  readonly creates: CreatedTable | null;
  /** The table that an INSERT writes to; else null. */
  readonly target: SqlName | null;
  /** The INSERTs of a statement set. */
  readonly inserts: readonly Statement[];
  /** What an EXPLAIN explains; else null. */
  readonly explained: Statement | null;
  /** All hints in it, at whatever depth. */
  readonly hints: readonly SqlHint[];
}

/** What clients' SQL says, and whether it is allowed. Pure. */
export { toExplain, toStatementSet } from './compose-statements.ts';
export { checkJobSettings } from './job-settings.ts';
export { sqlSettings } from './options.ts';
export { placeInSource } from './place-in-source.ts';
export type { SqlPosition } from './sql-fragment.ts';
export { createSqlPolicy, type SqlPolicy, type SqlUse } from './sql-policy.ts';
export type { Statement } from './statement.ts';
export { splitStatements } from './statements.ts';
export { toSinkInsert } from './to-sink-insert.ts';

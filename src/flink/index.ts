/** The only user of undici: Flink's JobManager REST API (jobs) and SQL Gateway (session, operation, statement). */
export { type Flink, type OpenFlinkOptions, openFlink } from './open-flink.ts';
export { type FlinkOptions, flinkOptions, type Logger } from './options.ts';
export type { RestorePoints } from './restore-points.ts';
export type { SqlColumn, SqlRow } from './sql-gateway.ts';
export type { ExecuteOptions, SqlResult } from './sql-session.ts';
export type { StoppedView } from './stop-views.ts';
export { type Job, type JobState, jobStates, type ViewStatus } from './types.ts';
export { hashView } from './view-hash.ts';
export type { StopOptions, Views } from './views.ts';

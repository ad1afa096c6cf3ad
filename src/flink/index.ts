/** Talking to Flink, with registry the only user of undici: JobManager and SQL Gateway, their clients, sessions and errors. */

export type { SqlResult } from './collect-result.ts';
export { type Cause, parseCauses } from './fault.ts';
export {
  faultOf,
  isDuplicateSubmission,
  isFlinkAway,
  isJobLost,
  isOperationGone,
  isSessionGone,
} from './flink-errors.ts';
export type { JobControl, Progress } from './job-control.ts';
export { hasEnded, type JobManager, type ListedJob } from './job-manager.ts';
export { type Labels, labels } from './labels.ts';
export { noFlink } from './no-flink.ts';
export { type Flink, openFlink } from './open-flink.ts';
export { flinkOptions, type Logger } from './options.ts';
export { withOwnTables } from './own-tables.ts';
export { ExactNumber } from './parse-exactly.ts';
export type { RestClient } from './rest-client.ts';
export type { SessionPool } from './session-pool.ts';
export { shareCalls } from './share-calls.ts';
export type { FlinkConfig, SqlColumn, SqlRow } from './sql-gateway.ts';
export type { SqlOperation } from './sql-operation.ts';
export type { SqlSession } from './sql-session.ts';
export { locate } from './statement-place.ts';
export type { LogicalType } from './type-text.ts';
export { type ClusterOverview, type Job, type JobState, jobStates } from './types.ts';

/** The only user of undici: Flink's JobManager REST API (jobs) and SQL Gateway (session, operation, statement). */

export type { AdHocResult, TruncationReason } from './ad-hoc-query.ts';
export type { AdHocSql } from './ad-hoc-sql.ts';
export type { AdHocPage, AdHocRow } from './ad-hoc-subscription.ts';
export type { ClusterStatus } from './cluster-status.ts';
export type { Explanation, PlanInput, PlanNode } from './explanation.ts';
export { type JobOperation, type OperationKind, operationKinds } from './job-operations.ts';
export type { CompletedCheckpoint, JobCheckpoints, JobException, JobSavepoint, JobVertex } from './job-parts.ts';
export type { SteeredJob } from './job-steering.ts';
export type { JobChange, JobChanges } from './job-watch.ts';
export { labels } from './labels.ts';
export { type Flink, type OpenFlinkOptions, openFlink } from './open-flink.ts';
export { type FlinkOptions, flinkOptions, type Logger } from './options.ts';
export type { RestorePoints } from './restore-points.ts';
export type { SqlColumn, SqlRow } from './sql-gateway.ts';
export type { ExecuteOptions, SqlResult } from './sql-session.ts';
export type { StoppedView } from './stop-views.ts';
export type { StartPoint, Submission, SubmittedJob } from './submission.ts';
export { type Job, type JobState, jobStates, type ViewStatus } from './types.ts';
export { hashView } from './view-hash.ts';
export { type PlannedView, type ViewAction, viewActions } from './view-outlook.ts';
export type { WatermarkListener } from './view-watermarks.ts';
export type { ApplyOptions, StopOptions, Views } from './views.ts';

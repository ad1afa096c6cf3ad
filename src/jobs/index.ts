/** What runs in Flink: views as desired state, the jobs that clients submit and steer, and the watching of all jobs. */

export type { ClusterStatus } from './cluster-status.ts';
export { type JobOperation, type OperationKind, operationKinds } from './job-operations.ts';
export type { CompletedCheckpoint, JobCheckpoints, JobException, JobSavepoint, JobVertex } from './job-parts.ts';
export type { SteeredJob } from './job-steering.ts';
export type { JobChange, JobChanges } from './job-watch.ts';
export { type Jobs, openJobs, withoutJobs } from './open-jobs.ts';
export { jobsOptions } from './options.ts';
export type { RestorePoints } from './restore-points.ts';
export type { StartPoint, Submission, SubmittedJob } from './submission.ts';
export { type PlannedView, type ViewAction, viewActions } from './view-outlook.ts';
export type { ViewStatus } from './view-status.ts';
export type { WatermarkListener } from './view-watermarks.ts';

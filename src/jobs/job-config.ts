import { type FlinkConfig, type Labels, labels } from '#flink';
import type { View } from '#model';
import type { StatePlan } from './state-plan.ts';

/** What the job of a view is started with. */
export interface JobSettings {
  readonly view: View;
  readonly hash: string;
  readonly plan: StatePlan;
  readonly jobId: string;
  /** The checkpoint or savepoint to go on from. */
  readonly restorePath: string | null;
  /** Where checkpoints go; null leaves it to Flink's own configuration. */
  readonly checkpointDir: string | null;
  readonly checkpointIntervalMs: number;
}

/** What is written on the job of a view. */
export function toLabels({ view, hash, plan }: Pick<JobSettings, 'view' | 'hash' | 'plan'>): Labels {
  return {
    [labels.view]: view.topic,
    [labels.hash]: hash,
    [labels.sql]: view.sql,
    [labels.plan]: plan,
    [labels.parallelism]: String(view.parallelism ?? 1),
    [labels.by]: 'sluice',
  };
}

/** The settings of one INSERT: they hold for its job and leave the session as it is. */
export function toJobConfig(settings: JobSettings): FlinkConfig {
  const { view, checkpointDir, restorePath } = settings;
  return {
    // Internal to Flink, but the only way to name a job's id: a second job with the same id is refused.
    '$internal.pipeline.job-id': settings.jobId,
    'pipeline.name': view.topic,
    // A JSON object is the one notation that keeps quotes, colons and line breaks of the SQL as they are.
    'pipeline.global-job-parameters': JSON.stringify(toLabels(settings)),
    'parallelism.default': String(view.parallelism ?? 1),
    // The state is exact in either guarantee; what AT_LEAST_ONCE allows is that rows are written again after a failure.
    'execution.checkpointing.mode': 'EXACTLY_ONCE',
    'execution.checkpointing.interval': `${settings.checkpointIntervalMs} ms`,
    // Flink would otherwise delete the checkpoints when its JobManager is shut down, and the view would start afresh.
    'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    ...(checkpointDir ? { 'execution.checkpointing.dir': checkpointDir } : {}),
    ...(restorePath ? { 'execution.state-recovery.path': restorePath } : {}),
    ...(view.stateTtlMs === null ? {} : { 'table.exec.state.ttl': `${view.stateTtlMs} ms` }),
  };
}

/** A vertex of a job: the operators that Flink runs chained together. What Flink has not counted yet is null. */
export interface JobVertex {
  readonly jobId: string;
  readonly id: string;
  readonly name: string;
  /** Flink's word, such as RUNNING; SCHEDULED waits for a slot. */
  readonly state: string;
  readonly parallelism: number;
  /** Whether it reads from outside, with no vertex before it. */
  readonly isSource: boolean;
  /** Tasks that have no slot yet. */
  readonly waitingTasks: number;
  /** Vertices of one group share slots: a task of each fits into one. */
  readonly slotSharingGroup: string;
  readonly startedAtMs: number | null;
  readonly recordsIn: number | null;
  readonly recordsOut: number | null;
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
}

/** A job as a graph of vertices. */
export interface JobGraph {
  readonly vertices: readonly JobVertex[];
  /** The JobManager's clock when it answered. */
  readonly nowMs: number;
  /** When it was last restarted; null: never. */
  readonly restartedAtMs: number | null;
  /** `Default`, `Adaptive` or `AdaptiveBatch`; null before Flink 2, which does not say. */
  readonly scheduler: string | null;
  /** Changes with every restart of any of its tasks. */
  readonly attempt: string;
  /** Whether all tasks run. */
  readonly runs: boolean;
}

/** What the tasks of a vertex measured last. Flink collects that when it is asked, every ten seconds unless told otherwise. */
export interface VertexMetrics {
  /** Mean shares of time over the subtasks, 0 to 1. */
  readonly busy: number | null;
  readonly backPressured: number | null;
  readonly idle: number | null;
  /** The least over the subtasks; null where there is none, yet or any more. */
  readonly watermarkMs: number | null;
  /** Records that a source has not read yet, over all its Kafka partitions; null for other vertices. */
  readonly pendingRecords: number | null;
}

/** A checkpoint or savepoint that was completed. */
export interface CompletedCheckpoint {
  readonly id: number;
  readonly isSavepoint: boolean;
  readonly triggeredAtMs: number;
  readonly completedAtMs: number;
  readonly sizeBytes: number;
  readonly durationMs: number;
  readonly path: string | null;
  /** Whether its files were deleted. */
  readonly isDiscarded: boolean;
}

/** A savepoint that the job took or began from. */
export interface JobSavepoint {
  readonly path: string;
  /** Null for the one that the job began from. */
  readonly takenAtMs: number | null;
  readonly sizeBytes: number | null;
}

/** The checkpoints of a job. */
export interface JobCheckpoints {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly inProgress: number;
  readonly restored: number;
  readonly latest: CompletedCheckpoint | null;
  readonly lastFailure: { readonly atMs: number; readonly reason: string | null } | null;
  /** What the job began from, or went back to last. */
  readonly restoredFrom: string | null;
  /** Of those that Flink remembers (`web.checkpoints.history`), the newest first. */
  readonly savepoints: readonly JobSavepoint[];
}

/** A failure of a job. */
export interface JobException {
  readonly atMs: number;
  /** The innermost cause, in Flink's words. */
  readonly cause: string;
  /** Its Java class. */
  readonly type: string;
  /** The task in which it happened; null when it was none. */
  readonly task: string | null;
  readonly stackTrace: string;
}

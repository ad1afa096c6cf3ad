/** Where a view stands. */
export interface ViewStatus {
  /** The view's topic. */
  readonly view: string;
  readonly state: 'PENDING' | 'IDLE' | 'STARTING' | 'RUNNING' | 'FAILED' | 'FLINK_UNAVAILABLE' | 'NO_FLINK';
  readonly jobId: string | null;
  /** Why it does not run, in words (Flink's own where it spoke). */
  readonly error: string | null;
  /** What went not as wished while it runs, e.g. that it could not go on from its checkpoint and started afresh. */
  readonly warning?: string;
}

/**
 * Where the state of the views' jobs is kept when the gateway knows the file system that Flink writes to (the local
 * stack). Without it, Flink's own configuration decides where checkpoints go, and a view's state is only found again
 * through the JobManager. Paths are file URLs. A version of a view is named by its hash.
 */
export interface RestorePoints {
  /** The newest complete checkpoint or savepoint of these versions of the view, or null when there is none. */
  newest(view: string, hashes: readonly string[]): Promise<string | null>;
  /** The directory under which the jobs of the view with this hash put their checkpoints. */
  checkpointDir(view: string, hash: string): string;
  /** The directory for savepoints of the view with this hash. */
  savepointDir(view: string, hash: string): string;
  /** Deletes all but the newest few of the version. Only while no job of it runs. */
  prune(view: string, hash: string): Promise<void>;
  /** Notes what the state of a version belongs to, for later versions that may go on from it. */
  notePlan(view: string, hash: string, plan: string): Promise<void>;
  /** What was noted, by hash; what was noted last is the last. */
  plans(view: string): Promise<ReadonlyMap<string, string>>;
}

/**
 * Where the state of the views' jobs is kept when the gateway knows the file system that Flink writes to (the local
 * stack). Without it, Flink's own configuration decides where checkpoints go, and a view's state is only found again
 * through the JobManager. Paths are file URLs.
 */
export interface RestorePoints {
  /** The newest complete checkpoint or savepoint of the view with this hash, or null when there is none. */
  newest(view: string, hash: string): Promise<string | null>;
  /** The directory under which the jobs of the view with this hash put their checkpoints. */
  checkpointDir(view: string, hash: string): string;
  /** The directory for savepoints of the view with this hash. */
  savepointDir(view: string, hash: string): string;
}

/**
 * Where one subscriber's pages go. The feed only pushes while it is ready, or once more than that; what it cannot take
 * stays in Kafka. None of its methods may throw.
 */
export interface Sink<T> {
  /** False while what was pushed has not left: then nothing more should come. */
  readonly isReady: boolean;
  /** Takes a page. It may be kept until {@link flush}. */
  push(page: T): void;
  /** Sends what was pushed. */
  flush(): void;
  /** Resolves when it is ready, or when the signal aborts; never rejects. */
  whenReady(signal: AbortSignal): Promise<void>;
}

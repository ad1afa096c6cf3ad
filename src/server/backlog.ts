import type { Writable } from 'node:stream';
import { withAbort } from '#feed';
import type { TrafficCounters } from './traffic.ts';

/** Bounds of what waits in this process for clients. */
export interface BacklogLimits {
  /** Above it a client gets nothing more until it has taken all of it, in bytes. */
  readonly socketBacklogBytes: number;
  /** Above it, over all clients, those for which anything waits get nothing more, in bytes. */
  readonly totalBacklogBytes: number;
}

/**
 * What waits in this process for one client. A base class and not a part, because there is one for each of many clients,
 * and each page looks into it.
 */
export class Backlog {
  protected readonly limits: BacklogLimits;
  protected readonly traffic: TrafficCounters;
  /** Put together, and not written yet. */
  protected queuedBytes = 0;
  readonly #out: Writable;
  /** What it holds of the total, as counted last. */
  #waitingBytes = 0;
  #drained: Promise<void> | null = null;

  constructor(out: Writable, { limits, traffic }: { limits: BacklogLimits; traffic: TrafficCounters }) {
    this.#out = out;
    this.limits = limits;
    this.traffic = traffic;
  }

  /** False while too much waits. */
  get isReady(): boolean {
    const waiting = this.#out.writableLength + this.queuedBytes;
    if (waiting === 0) return true;
    return waiting < this.limits.socketBacklogBytes && this.traffic.bytesWaiting < this.limits.totalBacklogBytes;
  }

  /** Resolves when the client has taken all that waits for it, is gone, or the signal aborts. */
  whenReady(signal: AbortSignal): Promise<void> {
    return this.isReady || signal.aborted ? Promise.resolve() : withAbort(this.watch(), signal);
  }

  /** Counts what waits until it has left; to be called after a write that left something waiting. */
  protected watch(): Promise<void> {
    this.#count(this.#out.writableLength);
    this.#drained ??= new Promise((resolve) => {
      // Its callback comes when everything before it has left, and with an error when the client is gone.
      this.#out.write('', () => {
        this.#drained = null;
        this.#count(this.#out.destroyed ? 0 : this.#out.writableLength);
        resolve();
      });
    });
    return this.#drained;
  }

  /** The client is gone: what waited for it waits no more. */
  protected forget(): void {
    this.#count(0);
    this.queuedBytes = 0;
  }

  #count(waitingBytes: number): void {
    this.traffic.bytesWaiting += waitingBytes - this.#waitingBytes;
    this.#waitingBytes = waitingBytes;
  }
}

import type { View } from '#model';

/** What a {@link ViewDemand} is about. */
export interface ViewDemandOptions {
  readonly views: readonly View[];
  /** How long an on-demand view's job runs on after its last reader has gone. */
  readonly graceMs: number;
  /** Called when a view is wanted that was not, or is due to be stopped. */
  readonly onChange: () => void;
}

interface Readers {
  count: number;
  /** Runs from the moment the last reader has gone. */
  grace: NodeJS.Timeout | null;
  isOver: boolean;
}

/**
 * Who reads the on-demand views. A reader of a view holds, too, the on-demand views from which its rows are computed;
 * a view that always runs is a reader itself. Counts only what is read through this gateway.
 */
export class ViewDemand {
  readonly #options: ViewDemandOptions;
  readonly #readers = new Map<string, Readers>();
  /** By topic: the on-demand views that a reader of it holds, itself included. */
  readonly #held = new Map<string, readonly Readers[]>();

  constructor(options: ViewDemandOptions) {
    this.#options = options;
    // A view stands after all that it reads.
    for (const { topic, reads, run } of options.views) {
      const below = new Set(reads.flatMap((read) => this.#held.get(read) ?? []));
      if (run === 'ON_DEMAND') {
        const own: Readers = { count: 0, grace: null, isOver: false };
        this.#readers.set(topic, own);
        below.add(own);
      }
      this.#held.set(topic, [...below]);
      if (run === 'ALWAYS') for (const readers of below) readers.count += 1;
    }
  }

  /** Tells that somebody reads the topic, until the function given back is called; calling that again does nothing. */
  hold(topic: string): () => void {
    const held = this.#held.get(topic) ?? [];
    let isHeld = true;
    let isNew = false;
    for (const readers of held) {
      isNew ||= readers.count === 0;
      readers.count += 1;
      stopGrace(readers);
    }
    if (isNew) this.#options.onChange();
    return () => {
      if (!isHeld) return;
      isHeld = false;
      for (const readers of held) {
        readers.count -= 1;
        if (readers.count === 0) this.#startGrace(readers);
      }
    };
  }

  /** Whether the job of the view shall run. */
  isWanted(topic: string): boolean {
    const readers = this.#readers.get(topic);
    return !readers || readers.count > 0;
  }

  /** Whether the grace time of its last reader here is over, and nobody has come since, nor was it settled. */
  isOver(topic: string): boolean {
    return this.#readers.get(topic)?.isOver ?? false;
  }

  /**
   * Notes that the view needs not be stopped any more. A job of it that is seen later was started by another gateway,
   * for its readers, and is left to that.
   */
  settle(topic: string): void {
    const readers = this.#readers.get(topic);
    if (readers) readers.isOver = false;
  }

  /** Gives the view another grace time, if still nobody reads it. */
  postpone(topic: string): void {
    const readers = this.#readers.get(topic);
    if (readers?.count === 0) this.#startGrace(readers);
  }

  /** Gives the views that nobody reads their grace time: jobs may run that another process left behind. */
  reset(): void {
    for (const readers of this.#readers.values()) {
      if (readers.count === 0) this.#startGrace(readers);
    }
  }

  close(): void {
    for (const readers of this.#readers.values()) stopGrace(readers);
  }

  #startGrace(readers: Readers): void {
    stopGrace(readers);
    readers.grace = setTimeout(() => {
      readers.grace = null;
      readers.isOver = true;
      this.#options.onChange();
    }, this.#options.graceMs);
    readers.grace.unref();
  }
}

function stopGrace(readers: Readers): void {
  if (readers.grace) clearTimeout(readers.grace);
  readers.grace = null;
  readers.isOver = false;
}

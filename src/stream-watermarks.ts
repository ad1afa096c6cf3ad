import { type Position, Watermarks } from '#feed';
import type { WatermarkAccess } from '#graphql';
import type { WatermarkListener } from '#jobs';
import type { Kafka } from '#kafka';

/** What the watermarks of views are made known with. */
export interface StreamWatermarksOptions {
  readonly kafka: Pick<Kafka, 'log' | 'writtenEnds'>;
  /** Has Flink look after the watermark of a view for some time. */
  readonly ask: (view: string) => void;
}

/** Joins what Flink says of a view's results with where they lie in Kafka. */
export class StreamWatermarks implements WatermarkListener, WatermarkAccess {
  readonly #options: StreamWatermarksOptions;
  readonly #known = new Map<string, Watermarks>();

  constructor(options: StreamWatermarksOptions) {
    this.#options = options;
  }

  async onWatermark(view: string, watermarkMs: number): Promise<void> {
    const { kafka } = this.#options;
    // A topic that is made anew in between has other ends than are taken: the id is asked for on both sides.
    const { topicId } = await kafka.log.identify(view, 0);
    const ends = await kafka.writtenEnds(view);
    if ((await kafka.log.identify(view, 0)).topicId !== topicId) return;
    this.#of(view).add({ watermarkMs, topicId, ends });
  }

  onReset(view: string): void {
    this.#of(view).clear();
  }

  at(topic: string, topicId: string, position: Position): number | null {
    this.#options.ask(topic);
    return this.#known.get(topic)?.at(topicId, position) ?? null;
  }

  latest(topic: string): number | null {
    this.#options.ask(topic);
    return this.#known.get(topic)?.latestMs ?? null;
  }

  #of(view: string): Watermarks {
    let known = this.#known.get(view);
    if (!known) {
      known = new Watermarks();
      this.#known.set(view, known);
    }
    return known;
  }
}

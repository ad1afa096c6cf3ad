import { type FeedSource, type Feeds, type Page, PageQueue, type SubscribeRequest } from '#feed';

/** A subscription whose pages are pulled one by one. */
export interface PulledPages extends AsyncDisposable {
  next(): Promise<Page>;
  /** Resolves when it completes; rejects with what ended it. */
  end(): Promise<void>;
  stop(): void;
}

/** Subscribes to a feed and pulls: while nobody pulls, the subscriber is slow. */
export function subscribeTo(
  feeds: Feeds,
  source: FeedSource,
  wishes: Partial<Omit<SubscribeRequest<Page>, 'sink' | 'render'>> & Pick<SubscribeRequest<Page>, 'from'>,
): PulledPages {
  const controller = new AbortController();
  const sink = new PageQueue<Page>();
  const request: SubscribeRequest<Page> = {
    until: null,
    where: null,
    maxRecords: 100,
    overflow: 'CATCH_UP',
    group: null,
    render: (page) => page,
    toSlowError: () => new Error('slow'),
    ...wishes,
    sink,
  };
  const pages = sink.drain((signal) => feeds.subscribe(source, request, signal), controller.signal);
  return {
    async next() {
      const result = await pages.next();
      if (result.done) throw new Error('The subscription ended.');
      return result.value;
    },
    async end() {
      for (;;) if ((await pages.next()).done) return;
    },
    stop: () => controller.abort(),
    async [Symbol.asyncDispose]() {
      controller.abort();
      await pages.return();
    },
  };
}

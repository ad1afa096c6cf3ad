import type { GraphQLResolveInfo } from 'graphql';
import { SluiceError } from '#errors';
import { canonicalWhere, type Page, PageQueue, type SubscribeRequest } from '#feed';
import { redisPlaceOf } from '#model';
import type { GraphQLContext } from './builder.ts';
import { toClientError } from './client-errors.ts';
import { EndCursor } from './end-cursor.ts';
import type { Gateway, ServedSource } from './gateway.ts';
import { openPages } from './open-pages.ts';
import { type PageRenderer, PageRenderers } from './page-renderer.ts';
import { PushedPages } from './pushed-pages.ts';
import type { CursorPlace, ServedPage } from './record-types.ts';

/** A subscription as its field's arguments ask for it, and who asks. */
export interface SubscriptionCall {
  readonly request: Pick<SubscribeRequest<unknown>, 'from' | 'until' | 'where' | 'maxRecords' | 'overflow'>;
  readonly context: GraphQLContext;
  readonly info: GraphQLResolveInfo;
}

/** Opens the subscriptions of one field. */
export class SubscriptionOpener {
  readonly #gateway: Gateway;
  readonly #served: ServedSource;
  readonly #renderers: PageRenderers;
  readonly #endCursor = new EndCursor();
  /** One text for all who subscribe to an operation without a filter: they are many, and each keeps it. */
  readonly #groups = new WeakMap<PageRenderer, { readonly maxRecords: number; readonly text: string }>();

  constructor(gateway: Gateway, served: ServedSource) {
    this.#gateway = gateway;
    this.#served = served;
    this.#renderers = new PageRenderers({ toServed: this.#toServed, errorLog: gateway.errorLog });
  }

  /**
   * Opens a subscription, which starts when its first page is asked for. With a sink in the context its pages go there,
   * made once for all subscriptions that get the same, and the iterable yields nothing: it ends with the
   * subscription. Without one it yields the pages, to be executed one by one.
   */
  open({ request, context, info }: SubscriptionCall): AsyncIterableIterator<ServedPage> {
    const { feeds } = this.#gateway;
    const { feed } = this.#served;
    const { sink } = context;
    const toSlowError = this.#toSlowError;
    if (!sink) {
      const queue = new PageQueue<ServedPage>();
      const own = { ...request, group: null, render: this.#toServed, sink: queue, toSlowError };
      return openPages((signal) => queue.drain((left) => this.#held(() => feeds.subscribe(feed, own, left)), signal));
    }
    const renderer = this.#renderers.of(info, context);
    const shared = { ...request, group: this.#groupOf(renderer, request), render: renderer.render, sink, toSlowError };
    const pages = new PushedPages((signal) => this.#held(() => feeds.subscribe(feed, shared, signal)), this.#toError);
    context.onPages?.(pages);
    return pages;
  }

  /** Everything that decides what a page holds and how it reads. */
  #groupOf(renderer: PageRenderer, { where, maxRecords }: SubscriptionCall['request']): string | null {
    if (renderer.key === null) return null;
    const known = where === null ? this.#groups.get(renderer) : undefined;
    if (known?.maxRecords === maxRecords) return known.text;
    const { field } = this.#served.feed;
    const text = JSON.stringify([field, renderer.key, maxRecords, where && canonicalWhere(where)]);
    if (where === null) this.#groups.set(renderer, { maxRecords, text });
    return text;
  }

  /** While the subscription goes on, however it ends, a view is told that somebody reads it. */
  #held(subscribe: () => Promise<void>): Promise<void> {
    const { kind, topic } = this.#served.source;
    if (kind === 'stream') return subscribe();
    const release = this.#gateway.flink.views.hold(topic);
    return subscribe().finally(release);
  }

  readonly #toServed = (page: Page): ServedPage => {
    const served = servedPage(this.#gateway, this.#served, page);
    // The cursor of a table's page tells a time, too.
    if (this.#served.feed.table) return served;
    const { topic, encode, endCursor, watermark } = served;
    return { topic, page, encode, endCursor: () => this.#endCursor.of(page, endCursor), watermark };
  };

  readonly #toError = (error: unknown) => toClientError(error, this.#gateway.errorLog);

  readonly #toSlowError: SubscribeRequest<unknown>['toSlowError'] = ({ position, epochs, ...table }, scope) => {
    const { feed } = this.#served;
    return new SluiceError(
      'SLOW_CONSUMER',
      'This subscriber is slower than its stream and asked to be disconnected then. Go on after `extensions.cursor`.',
      { details: { cursor: this.#gateway.cursors.encode(scope, position, epochs, feed.table && table) } },
    );
  };
}

/** A page with what its fields need. */
export function servedPage(gateway: Gateway, { feed, source }: ServedSource, page: Page): ServedPage {
  const { cursors, now, watermarks } = gateway;
  const topic = redisPlaceOf(source)?.name ?? feed.topic;
  const { scope } = page;
  const asOfMs = page.live ? now() : page.asOfMs;
  const time = asOfMs === undefined ? {} : { asOfMs };
  const encode = ({ end, epochs, bookmark }: CursorPlace) =>
    cursors.encode(scope, end, epochs, feed.table ? { ...time, ...(bookmark && { bookmark }) } : undefined);
  const hasOne = source.kind === 'view' && watermarks && !page.bookmark;
  const watermark = hasOne ? () => watermarks.at(feed.topic, scope.topicId, page.end) : noWatermark;
  return { topic, page, encode, endCursor: () => encode(page), watermark };
}

/** Of what is produced, rather than computed, nobody knows what is still to come; rows that are given in part are not all. */
function noWatermark(): null {
  return null;
}

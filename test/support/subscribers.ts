import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './client.ts';
import type { History, Verdict, Wish } from './history.ts';
import { openOverSse, openOverWebSocket, type PageStream } from './page-stream.ts';
import type { Announced, Seen } from './reading.ts';

/** How one subscriber subscribes. */
export interface SubscriberShape extends Wish {
  readonly name: string;
  readonly transport: 'WebSocket' | 'SSE';
  /** The subscription field, of a type with `producer`, `number` and `pad`. */
  readonly field: string;
  /** Arguments beside the position, such as `maxRecords: 7`; `where` has to fit `wants`. */
  readonly args?: string;
  /** Asks for the padding too, so that its pages are large. */
  readonly isHeavy?: boolean;
  /**
   * Where it goes on: after the last page; after an edge in the middle of the last page, as if it had died while it
   * worked on it; or from the last `id:` of the stream, as a browser does (SSE).
   */
  readonly resumeBy?: 'page' | 'edge' | 'event id';
  /** GraphQL errors after which it comes back, beside those that say that a retry may help. */
  readonly bears?: readonly string[];
}

/** A place to go on from. */
interface Mark {
  readonly cursor: string | null;
  readonly eventId: string | null;
}

/** The page that came last, for a reader that may die in the middle of it. */
interface LastPage {
  readonly before: Mark;
  readonly gap: Announced | null;
  readonly edges: readonly { readonly seen: Seen; readonly cursor: string }[];
}

const pauseBetweenVisitsMs = 50;

/**
 * A client that is subscribed whatever happens: it reads from the topic's beginning, and after each end of its
 * connection it goes on with the cursor that it has. It retries by itself, so that a test knows what it does.
 */
export class Subscriber implements AsyncDisposable {
  readonly shape: SubscriberShape;
  /** What it saw and was told, in order. */
  readonly reading: (Seen | Announced)[] = [];
  /** Ends and errors that a healthy gateway never gives. */
  readonly refusals: string[] = [];
  readonly #urlOf: (visit: number) => string;
  readonly #random: () => number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #errors = new Map<string, number>();
  #mark: Mark = { cursor: null, eventId: null };
  #last: LastPage | null = null;
  #stream: PageStream | null = null;
  #asleep: PromiseWithResolvers<void> | null = null;
  #isPaused = false;
  #visits = 0;
  #pages = 0;

  /** Subscribes at once; `urlOf` says where each visit goes. */
  constructor(shape: SubscriberShape, urlOf: (visit: number) => string, random: () => number = Math.random) {
    this.shape = shape;
    this.#urlOf = urlOf;
    this.#random = random;
    this.#running = this.#run();
  }

  /** How often it connected. */
  get visits(): number {
    return this.#visits;
  }

  get pages(): number {
    return this.#pages;
  }

  /** How often it was told the code of an error. */
  countOf(code: string): number {
    return this.#errors.get(code) ?? 0;
  }

  /** Ends its connection; it comes back. */
  cut(): void {
    this.#stream?.drop();
  }

  /** Reads nothing from its socket until `readOn`. */
  stopReading(): void {
    this.#isPaused = true;
    this.#stream?.pause();
  }

  readOn(): void {
    this.#isPaused = false;
    this.#stream?.resume();
  }

  /** Leaves, and stays away with its cursor until `wake`. */
  sleep(): void {
    this.#asleep ??= Promise.withResolvers();
    this.#stream?.drop();
  }

  wake(): void {
    this.#asleep?.resolve();
    this.#asleep = null;
  }

  /** How much it has not seen yet of what it should. */
  missing(history: History): number {
    return history.missing(this.reading, this.shape);
  }

  judge(history: History): Verdict {
    return history.judge(this.reading, this.shape);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.wake();
    this.#stream?.drop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#asleep?.promise;
      if (signal.aborted) return;
      await this.#visit();
      this.#dieInMidPage();
      await delay(pauseBetweenVisitsMs, undefined, { signal }).catch(() => {});
    }
  }

  async #visit(): Promise<void> {
    const { transport, resumeBy } = this.shape;
    const open = transport === 'SSE' ? openOverSse : openOverWebSocket;
    const { cursor, eventId: lastEventId } = this.#mark;
    const isByEventId = resumeBy === 'event id';
    const stream = open({
      url: this.#urlOf(this.#visits),
      query: this.#query(),
      variables: isByEventId || cursor === null ? {} : { after: cursor },
      lastEventId: isByEventId ? lastEventId : null,
      onAnswer: (answer, eventId) => this.#take(answer, eventId),
    });
    this.#visits += 1;
    this.#stream = stream;
    if (this.#isPaused) stream.pause();
    await stream.ended;
    this.#stream = null;
  }

  #query(): string {
    const { field, args = '', isHeavy, resumeBy } = this.shape;
    // A browser asks the same again; the id of the last event alone says where it was.
    const isFirst = this.#mark.cursor === null || resumeBy === 'event id';
    const position = isFirst ? 'from: { earliest: true }' : 'after: $after';
    const edge = `node { producer number ${isHeavy ? 'pad' : ''} } record { partition offset } error { reason }`;
    return `subscription ${isFirst ? '' : '($after: Cursor!) '}{ ${field}(${position} ${args}) {
      edges { ${edge} ${resumeBy === 'edge' ? 'cursor' : ''} } pageInfo { endCursor gap { reason missed } }
    } }`;
  }

  #take({ data, errors }: Answer, eventId: string | null): void {
    for (const { message, extensions } of errors ?? []) {
      const code = `${extensions?.['code']}`;
      if (extensions?.['retryable'] !== true && !this.shape.bears?.includes(code)) {
        this.refusals.push(`${code}: ${message}`);
      }
      this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
      // An error that ends a subscription may say where to go on.
      const cursor = extensions?.['cursor'];
      if (typeof cursor === 'string') this.#mark = { ...this.#mark, cursor };
    }
    const page = data?.[this.shape.field];
    if (!page) return;
    this.#pages += 1;
    const before = this.#mark;
    const { endCursor, gap } = page.pageInfo;
    const edges = page.edges.map((edge: PageEdge) => this.#toSeen(edge));
    const told: Announced | null = gap && { gap: gap.reason, missed: gap.missed };
    if (told) this.reading.push(told);
    for (const { seen } of edges) this.reading.push(seen);
    this.#last = { before, gap: told, edges };
    this.#mark = { cursor: endCursor, eventId: eventId ?? before.eventId };
    if (this.shape.resumeBy === 'event id' && eventId === null) this.refusals.push('A page came without an id.');
  }

  #toSeen({ node, record, cursor, error }: PageEdge): LastPage['edges'][number] {
    if (error !== null || node === null) this.refusals.push(`A record does not decode: ${error?.reason}`);
    const { producer, number } = node ?? { producer: '', number: -1 };
    return { seen: { producer, number, partition: record.partition, offset: record.offset }, cursor: cursor ?? '' };
  }

  /** Forgets the end of the last page, as if it had not been worked on, and goes on from there. */
  #dieInMidPage(): void {
    if (this.shape.resumeBy !== 'edge' || this.#last === null) return;
    const { before, gap, edges } = this.#last;
    this.#last = null;
    if (edges.length === 0) return;
    const kept = Math.floor(this.#random() * (edges.length + 1));
    this.reading.length -= edges.length - kept;
    const last = edges[kept - 1];
    if (last) this.#mark = { ...before, cursor: last.cursor };
    else {
      if (gap) this.reading.length -= 1;
      this.#mark = before;
    }
  }
}

/** An edge as it is asked for. */
interface PageEdge {
  readonly node: { readonly producer: string; readonly number: number } | null;
  readonly record: { readonly partition: number; readonly offset: string };
  readonly cursor?: string;
  readonly error: { readonly reason: string } | null;
}

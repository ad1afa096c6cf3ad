import type { ExecutionResult } from 'graphql';
import type { RenderedPage } from '#graphql';

/** How the results of one operation follow each other in the body of an HTTP response. */
export interface StreamFormat {
  readonly contentType: string;
  /** What the body begins with. */
  readonly opening: string;
  /** Says nothing, but shows both sides that the connection lives; null: the format has no such thing. */
  readonly keepAlive: string | null;
  /** A shared page, ready to be sent: the same bytes for all who get it. */
  page(page: RenderedPage): Buffer;
  /** A result of this operation alone. */
  result(result: ExecutionResult): string;
  /** The end of an operation that is over; `last` is what it said itself last, if anything. */
  complete(last: ExecutionResult | null): string;
  /** The end of the body when the gateway stops but the operation could go on elsewhere. */
  readonly interrupted: string;
}

/** Makes what all streams of a format send for a page, once. */
export function oncePerPage(make: (page: RenderedPage) => Buffer): (page: RenderedPage) => Buffer {
  const made = new WeakMap<RenderedPage, Buffer>();
  return (page) => {
    const known = made.get(page);
    if (known) return known;
    const frame = make(page);
    made.set(page, frame);
    return frame;
  };
}

/** A result as JSON text, without what the server keeps in its errors for itself. */
export function toJson(result: ExecutionResult): string {
  if (!result.errors) return JSON.stringify(result);
  const errors = result.errors.map((error) => {
    const { http: _http, ...extensions } = error.extensions;
    return { ...error.toJSON(), extensions };
  });
  return JSON.stringify({ ...result, errors });
}

/** True for a result that says only why the operation failed. */
export function isFailure(result: ExecutionResult | null): result is ExecutionResult {
  return result !== null && result.data === undefined && result.errors !== undefined;
}

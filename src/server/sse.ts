import type { ExecutionResult } from 'graphql';
import { isFailure, oncePerPage, type StreamFormat, toJson } from './stream-format.ts';

/**
 * The id of the event `complete`. A browser's EventSource connects again when a stream ends, and says the id that came
 * last: with this one there is nothing more to be had.
 */
export const completedEventId = 'complete';

const comment = ':\n\n';
const complete = 'event: complete\ndata:\n\n';

/**
 * Server-sent events in the distinct connections mode of GraphQL over SSE
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), each with its cursor as the event's id.
 */
export const sseFormat: StreamFormat = {
  contentType: 'text/event-stream',
  // Some clients take no notice of a response before its first bytes.
  opening: comment,
  keepAlive: comment,
  page: oncePerPage(({ json, cursor }) => Buffer.concat([Buffer.from(eventHead(cursor)), json, eventTail])),
  result: (result) => `${eventHead(cursorOf(result))}${toJson(result)}\n\n`,
  complete: (last) => (isWorthRetrying(last) ? complete : `id: ${completedEventId}\n${complete}`),
  // No event `complete`: a client whose stream just ends comes back with its cursor.
  interrupted: '',
};

const eventTail = Buffer.from('\n\n');

function eventHead(cursor: string | null): string {
  return cursor === null ? 'event: next\ndata: ' : `id: ${cursor}\nevent: next\ndata: `;
}

/** A subscriber that is disconnected learns from its error where to go on. */
function cursorOf({ errors }: ExecutionResult): string | null {
  for (const { extensions } of errors ?? []) if (typeof extensions.cursor === 'string') return extensions.cursor;
  return null;
}

/** Then the id of the last page stays the last: an EventSource that comes back goes on after it. */
function isWorthRetrying(last: ExecutionResult | null): boolean {
  return isFailure(last) && last.errors?.some(({ extensions }) => extensions.retryable === true) === true;
}

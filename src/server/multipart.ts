import { type ExecutionResult, GraphQLError } from 'graphql';
import { codes } from '#errors';
import { isFailure, oncePerPage, type StreamFormat, toJson } from './stream-format.ts';

const partHead = '\r\nContent-Type: application/json\r\n\r\n';

/** A client must not take the end for that of the stream: an error says that it can go on elsewhere. */
const stopping: ExecutionResult = {
  errors: [
    new GraphQLError('This gateway is stopping. Subscribe again after the last cursor.', {
      extensions: { code: 'SHUTTING_DOWN', retryable: codes.SHUTTING_DOWN.retryable },
    }),
  ],
};

/**
 * Apollo's protocol for subscriptions over HTTP
 * (https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol).
 */
export const apolloMultipart: StreamFormat = createMultipart({
  boundary: 'graphql',
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
  heartbeat: '{}',
  wrap: ['{"payload":', '}'],
  // An error that ends the operation is the transport's in this protocol.
  toPart: (result) =>
    isFailure(result) ? `{"payload":null,${toJson(result).slice(1)}` : `{"payload":${toJson(result)}}`,
});

/** Each result as a part of its own, as incremental delivery over HTTP has it. It knows no heartbeat. */
export const plainMultipart: StreamFormat = createMultipart({
  boundary: '-',
  contentType: 'multipart/mixed; boundary="-"',
  heartbeat: null,
  wrap: ['', ''],
  toPart: toJson,
});

function createMultipart(parts: {
  readonly boundary: string;
  readonly contentType: string;
  readonly heartbeat: string | null;
  /** What stands around the JSON text of a shared page. */
  readonly wrap: readonly [string, string];
  readonly toPart: (result: ExecutionResult) => string;
}): StreamFormat {
  const { contentType, heartbeat, toPart, wrap } = parts;
  // The boundary after a part goes with it: clients take a part only when they have seen its end.
  const partTail = `\r\n--${parts.boundary}`;
  const part = (json: string) => `${partHead}${json}${partTail}`;
  const pageHead = Buffer.from(`${partHead}${wrap[0]}`);
  const pageTail = Buffer.from(`${wrap[1]}${partTail}`);
  const lastTail = '--\r\n';
  return {
    contentType,
    opening: partTail,
    keepAlive: heartbeat === null ? null : part(heartbeat),
    page: oncePerPage(({ json }) => Buffer.concat([pageHead, json, pageTail])),
    result: (result) => part(toPart(result)),
    complete: () => lastTail,
    interrupted: `${part(toPart(stopping))}${lastTail}`,
  };
}

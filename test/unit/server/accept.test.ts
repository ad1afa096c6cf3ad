import { describe, expect, it } from 'vitest';
import { acceptsJson, toStreamFormat } from '../../../src/server/accept.ts';
import { apolloMultipart, plainMultipart } from '../../../src/server/multipart.ts';
import { sseFormat } from '../../../src/server/sse.ts';

describe('the format of a stream', () => {
  it.each([
    ['text/event-stream', sseFormat],
    ['TEXT/Event-Stream; charset=utf-8', sseFormat],
    ['application/json, text/event-stream, multipart/mixed', sseFormat],
    ['multipart/mixed, text/event-stream', plainMultipart],
    ['multipart/mixed;q=0.5, text/event-stream', sseFormat],
    ['text/event-stream;q=0, multipart/*', plainMultipart],
    ['multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json;q=0.9', apolloMultipart],
    ['multipart/mixed; subscriptionSpec="1.0"', apolloMultipart],
    ['multipart/mixed;deferSpec=20220824', plainMultipart],
    ['*/*', sseFormat],
    [undefined, sseFormat],
    ['application/json', null],
    ['', null],
  ])('for %s', (accept, format) => {
    expect(toStreamFormat(accept)).toBe(format);
  });

  it('is JSON for a single result wherever that is taken', () => {
    for (const accept of [undefined, '*/*', 'text/event-stream, application/json;q=0.1', 'application/*'])
      expect(acceptsJson(accept)).toBe(true);
    for (const accept of ['text/event-stream', 'application/json;q=0, multipart/mixed', 'text/html', ''])
      expect(acceptsJson(accept)).toBe(false);
  });
});

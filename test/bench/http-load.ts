import { connect, type Socket } from 'node:net';

/** A load of one request, repeated. */
export interface Load {
  readonly url: string;
  readonly body: string;
  /** Connections, each with one request in flight. */
  readonly connections: number;
  readonly durationMs: number;
}

const headEnd = Buffer.from('\r\n\r\n');

/** Repeats a GraphQL request over plain sockets for a while; resolves with requests per second. Rejects on any answer but 200. */
export async function loadHttp({ url, body, connections, durationMs }: Load): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  const request = Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const endsAt = performance.now() + durationMs;
  const startedAt = performance.now();
  const counts = await Promise.all(
    Array.from({ length: connections }, () => repeat(connect(Number(port), hostname), request, endsAt)),
  );
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - startedAt) / 1000);
}

function repeat(socket: Socket, request: Buffer, endsAt: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0;
    let received: Buffer = Buffer.alloc(0);
    const send = () => socket.write(request);
    socket.setNoDelay(true);
    socket.once('connect', send);
    socket.once('error', reject);
    socket.once('close', () => resolve(count));
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const length = answerLength(received);
      if (length === null || received.length < length) return;
      if (!received.subarray(0, 12).equals(okLine) || received.includes('"errors"')) {
        socket.destroy();
        reject(new Error(`Unexpected answer: ${received.toString().slice(0, 500)}`));
        return;
      }
      received = received.subarray(length);
      count += 1;
      if (performance.now() < endsAt) send();
      else socket.end();
    });
  });
}

const okLine = Buffer.from('HTTP/1.1 200');

/** Length of head and body; null until the head is there. Understands content-length only, which the server sends. */
function answerLength(received: Buffer): number | null {
  const end = received.indexOf(headEnd);
  if (end < 0) return null;
  const length = /content-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1];
  if (length === undefined) throw new Error('The answer has no content-length.');
  return end + headEnd.length + Number(length);
}

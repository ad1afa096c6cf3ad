import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { askKafka, readMetadata } from '../../../src/local/kafka-probe.ts';
import { listen } from '../../support/listen.ts';

/** The answer of a Kafka 4.3 broker to a Metadata request of version 4: one broker, no topics. */
const answer = Buffer.from(
  [
    '0000004100000001', // size, correlation
    '00000000', // throttle time
    '00000001', // brokers
    '00000001', // id
    '0009',
    Buffer.from('127.0.0.1').toString('hex'), // host
    '00002384', // port
    'ffff', // no rack
    '0016',
    Buffer.from('3yhCq0d9RXK6ST7Yk_zKzA').toString('hex'), // cluster
    '00000001', // controller
    '00000000', // topics
  ].join(''),
  'hex',
);

describe('the Kafka probe', () => {
  it('reads the cluster and its brokers', () => {
    expect(readMetadata(answer)).toEqual({ clusterId: '3yhCq0d9RXK6ST7Yk_zKzA', brokers: 1 });
  });

  it('makes nothing of an answer that is not from Kafka', () => {
    expect(readMetadata(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))).toBeNull();
  });

  it('puts an answer together that comes in pieces', async () => {
    await using server = await listen(
      createServer((socket) => {
        socket.once('data', () => {
          socket.write(answer.subarray(0, 3));
          setImmediate(() => socket.write(answer.subarray(3)));
        });
        socket.on('error', () => {});
      }),
    );
    expect(await askKafka(server.port, new AbortController().signal)).toMatchObject({ brokers: 1 });
  });

  it('gets none where nobody listens', async () => {
    const server = await listen(createServer());
    await server[Symbol.asyncDispose]();
    expect(await askKafka(server.port, new AbortController().signal)).toBeNull();
  });
});

import type { Connection, ConnectionPool } from '@platformatic/kafka';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kafkaOptionsSchema } from '#kafka';
import { Wire } from '../../../src/kafka/wire.ts';

/** Brokers by port, each with what comes of asking it. */
function setup(answers: Readonly<Record<number, () => Promise<string>>>) {
  const brokers = Object.keys(answers).map((port) => `broker:${port}`);
  const wire = new Wire(kafkaOptionsSchema.parse({ connection: { brokers: brokers.join() } }).connection);
  const asked: number[] = [];
  const connections = new Map<Connection, number>();
  const get = async ({ port }: { port: number }) => {
    const connection = { isConnected: () => false } as unknown as Connection;
    connections.set(connection, port);
    return connection;
  };
  const ask = () => {
    asked.length = 0;
    return wire.askAny({ get } as unknown as ConnectionPool, (connection) => {
      const port = connections.get(connection) ?? 0;
      asked.push(port);
      return answers[port]?.() ?? Promise.reject(new Error('unknown'));
    });
  };
  return { wire, ask, asked };
}

const silent = () => new Promise<never>(() => {});
const refusing = () => Promise.reject(new Error('refused'));
const answering = () => Promise.resolve('answer');

describe('a question that any broker can answer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('goes to the next broker at once when one fails, and after a moment when one is silent', async () => {
    const { ask, asked } = setup({ 1: refusing, 2: silent, 3: answering });
    const answer = ask();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(500);
    expect(await answer).toBe('answer');
    expect(asked).toEqual([1, 2, 3]);
  });

  it('goes first to who answered last, unless what that one says is doubted', async () => {
    const { wire, ask, asked } = setup({ 1: refusing, 2: answering, 3: answering });
    await ask();
    await ask();
    expect(asked).toEqual([2]);
    wire.doubt();
    await ask();
    expect(asked).toEqual([1, 3]);
  });

  it('fails when all have failed', async () => {
    await expect(setup({ 1: refusing, 2: refusing }).ask()).rejects.toThrow('refused');
  });
});

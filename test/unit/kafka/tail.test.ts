import { describe, expect, it, vi } from 'vitest';
import type { LogBatch } from '#feed';
import { refused } from '../../../src/kafka/failures.ts';
import { Tail } from '../../../src/kafka/tail.ts';

function setup(maxBytes = 1_000_000) {
  const abort = new AbortController();
  const feed = { attach: vi.fn(), detach: vi.fn(), wake: vi.fn() };
  const tail = new Tail({ topic: 't', position: new Map(), signal: abort.signal }, feed, maxBytes);
  return { abort, feed, tail };
}

const batch = (next: bigint): LogBatch => ({
  partition: 0,
  records: [],
  next,
  bounds: { start: 0n, end: next, epoch: 0 },
  gap: null,
});

describe('Tail', () => {
  it('does nothing before the first next()', async () => {
    const { feed, tail } = setup();
    expect(feed.attach).not.toHaveBeenCalled();
    void tail.next();
    expect(feed.attach).toHaveBeenCalledOnce();
  });

  it('yields what is pushed, in order, to readers that wait and to those that come later', async () => {
    const { tail } = setup();
    const first = tail.next();
    tail.push(batch(1n), 10);
    tail.push(batch(2n), 10);
    expect((await first).value).toEqual(batch(1n));
    expect((await tail.next()).value).toEqual(batch(2n));
  });

  it('is full at its bound and wakes its feed when there is room again', async () => {
    const { feed, tail } = setup(1_000);
    const first = tail.next();
    tail.push(batch(1n), 900);
    await first;
    expect(tail.isFull).toBe(false);
    tail.push(batch(2n), 900);
    expect(tail.isFull).toBe(true);
    expect(feed.wake).not.toHaveBeenCalled();
    await tail.next();
    expect(tail.isFull).toBe(false);
    expect(feed.wake).toHaveBeenCalledOnce();
  });

  it('ends a pending next() at abort, forgets what was not taken, and detaches once', async () => {
    const { abort, feed, tail } = setup();
    const pending = [tail.next(), tail.next()];
    tail.push(batch(1n), 10);
    abort.abort();
    tail.push(batch(2n), 10);
    expect((await Promise.all(pending)).map(({ done }) => done)).toEqual([false, true]);
    expect(await tail.next()).toEqual({ done: true, value: undefined });
    await tail.return();
    expect(feed.detach).toHaveBeenCalledOnce();
  });

  it('returns at once while a next() is pending', async () => {
    const { feed, tail } = setup();
    const pending = tail.next();
    await tail.return();
    expect((await pending).done).toBe(true);
    expect(feed.detach).toHaveBeenCalledOnce();
  });

  it('never opens when the signal has aborted before', async () => {
    const { abort, feed, tail } = setup();
    abort.abort();
    expect((await tail.next()).done).toBe(true);
    expect(feed.attach).not.toHaveBeenCalled();
  });

  it('yields what was fetched before it fails, once, and then ends', async () => {
    const { feed, tail } = setup();
    const first = tail.next();
    tail.push(batch(1n), 10);
    tail.push(batch(2n), 10);
    tail.fail(refused('broken'));
    await first;
    expect((await tail.next()).value).toEqual(batch(2n));
    await expect(tail.next()).rejects.toMatchObject({ code: 'KAFKA_REFUSED' });
    expect((await tail.next()).done).toBe(true);
    expect(feed.detach).toHaveBeenCalledOnce();
  });
});

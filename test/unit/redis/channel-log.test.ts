import { describe, expect, it } from 'vitest';
import { createRecordDecoder, type FeedSource, Feeds } from '#feed';
import { ChannelLog, type Subscriptions } from '../../../src/redis/channel-log.ts';
import type { MessageListener } from '../../../src/redis/connection.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { subscribeTo } from '../../support/subscribe.ts';

/** A connection whose messages and losses the test makes. */
class FakeConnection implements Subscriptions {
  readonly listeners = new Set<MessageListener>();
  #watchers: { readonly onLost: () => void; readonly onBack: () => void }[] = [];

  watch(watcher: { readonly onLost: () => void; readonly onBack: () => void }): void {
    this.#watchers.push(watcher);
  }

  async subscribe(_name: string, _isPattern: boolean, listener: MessageListener): Promise<void> {
    this.listeners.add(listener);
  }

  async unsubscribe(_name: string, _isPattern: boolean, listener: MessageListener): Promise<void> {
    this.listeners.delete(listener);
  }

  publish(text: string): void {
    for (const listener of this.listeners) listener(Buffer.from(text), Buffer.from('c'));
  }

  lose(): void {
    for (const { onLost } of this.#watchers) onLost();
  }

  comeBack(): void {
    for (const { onBack } of this.#watchers) onBack();
  }
}

const codec = { decode: (value: Buffer) => ({ ok: true, node: { text: value.toString() } }) as const };

function open(ringBytes: number) {
  const connection = new FakeConnection();
  const log = new ChannelLog({ kind: 'CHANNEL', name: 'c', keptMs: null }, connection);
  const decode = createRecordDecoder(codec, false);
  const source: FeedSource = { topic: 'channel:c', field: 'cs', fields: [], decode, log };
  const feeds = new Feeds({ log: new MemoryLog(1), ringBytes });
  return { connection, source, feeds };
}

const textsOf = (records: readonly { readonly node: Readonly<Record<string, unknown>> | null }[]) =>
  records.map(({ node }) => node?.['text']);

describe('a channel', () => {
  it('is subscribed to once, before the first page comes, and until the last subscriber has gone', async () => {
    const { connection, source, feeds } = open(100_000);
    await using one = subscribeTo(feeds, source, { from: { kind: 'latest' } });
    await using two = subscribeTo(feeds, source, { from: { kind: 'latest' } });
    expect(await one.next()).toMatchObject({ records: [], live: true, gap: null });
    await two.next();
    expect(connection.listeners.size).toBe(1);
    connection.publish('a');
    expect(textsOf((await one.next()).records)).toEqual(['a']);
    expect(textsOf((await two.next()).records)).toEqual(['a']);
    one.stop();
    await one.end();
    expect(connection.listeners.size).toBe(1);
    two.stop();
    await two.end();
    await feeds.close();
    expect(connection.listeners.size).toBe(0);
  });

  it('tells a gap when the connection was lost, also to those who are behind', async () => {
    const { connection, source, feeds } = open(100_000);
    await using live = subscribeTo(feeds, source, { from: { kind: 'latest' } });
    await using slow = subscribeTo(feeds, source, { from: { kind: 'latest' } });
    await Promise.all([live.next(), slow.next()]);
    connection.lose();
    connection.comeBack();
    expect(await live.next()).toMatchObject({ records: [], gap: { reason: 'DISCONNECTED', missed: null } });
    connection.publish('b');
    expect(textsOf((await live.next()).records)).toEqual(['b']);
    expect(await slow.next()).toMatchObject({ gap: { reason: 'DISCONNECTED' } });
    expect(textsOf((await slow.next()).records)).toEqual(['b']);
    await feeds.close();
  });

  it('lets a slow subscriber catch up from memory, and tells how many messages have left it', async () => {
    const { connection, source, feeds } = open(3_000);
    await using live = subscribeTo(feeds, source, { from: { kind: 'latest' } });
    await using slow = subscribeTo(feeds, source, { from: { kind: 'latest' } });
    await Promise.all([live.next(), slow.next()]);
    const sent = Array.from({ length: 50 }, (_, index) => `m${index}`);
    const seen: unknown[] = [];
    for (const text of sent) {
      connection.publish(text);
      seen.push(...textsOf((await live.next()).records));
    }
    expect(seen).toEqual(sent);
    const found: unknown[] = [];
    let missed = 0n;
    while (found.at(-1) !== 'm49') {
      const page = await slow.next();
      if (page.gap) expect(page.gap.reason).toBe('EXPIRED');
      missed += page.gap?.missed ?? 0n;
      found.push(...textsOf(page.records));
    }
    expect(missed).toBeGreaterThan(0n);
    expect(found).toHaveLength(50 - Number(missed));
    expect(found).toEqual(sent.filter((text) => found.includes(text)));
    await feeds.close();
  });
});

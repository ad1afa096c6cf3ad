import { describe, expect, it } from 'vitest';
import { SluiceError } from '#errors';
import { RedisLease } from '../../../src/redis/lease.ts';

/** The keys of a Redis, and a clock that the test moves. */
class FakeRedis {
  nowMs = 0;
  isAway = false;
  /** What happens to a command before Redis sees it. */
  onCommand: () => void = () => undefined;
  readonly #keys = new Map<string, { value: string; untilMs: number }>();

  async command(_what: string, args: readonly (string | Buffer)[]): Promise<unknown> {
    this.onCommand();
    if (this.isAway) throw new SluiceError('REDIS_UNAVAILABLE', 'away');
    const [name, ...rest] = args.map(String);
    if (name === 'GET') return this.#get(rest[0] ?? '');
    if (name === 'SET') {
      const [key = '', value = '', , , ms] = rest;
      return this.#get(key) === null ? this.#set(key, value, Number(ms)) : null;
    }
    const [script = '', , key = '', noteKey = '', holder = '', argument = ''] = rest;
    if (this.#get(key) !== holder) return 0;
    if (script.includes('PEXPIRE')) this.#set(key, holder, Number(argument));
    else if (script.includes("'SET'")) this.#set(noteKey, argument, Number.POSITIVE_INFINITY);
    else this.#keys.delete(key);
    return 1;
  }

  lease(name = 'a') {
    return new RedisLease({ name, connection: this, leaseMs: 1000, now: () => this.nowMs });
  }

  #get(key: string): string | null {
    const found = this.#keys.get(key);
    return found && found.untilMs > this.nowMs ? found.value : null;
  }

  #set(key: string, value: string, ms: number): string {
    this.#keys.set(key, { value, untilMs: this.nowMs + ms });
    return 'OK';
  }
}

describe('a lease in Redis', () => {
  it('is held by one at a time, and left to the next at once', async () => {
    const redis = new FakeRedis();
    const [one, two, other] = [redis.lease(), redis.lease(), redis.lease('b')];
    expect([await one.acquire(), await two.acquire(), await other.acquire()]).toEqual([true, false, true]);
    expect(two.leftMs).toBeLessThan(0);
    await one.release();
    expect(one.leftMs).toBeLessThan(0);
    expect(await two.acquire()).toBe(true);
  });

  it('is counted from before Redis was asked, and ends before Redis ends it', async () => {
    const redis = new FakeRedis();
    const lease = redis.lease();
    // The way to Redis takes long.
    redis.onCommand = () => {
      redis.nowMs += 100;
    };
    await lease.acquire();
    expect(lease.leftMs).toBe(700);
    redis.onCommand = () => undefined;
    redis.nowMs += 700;
    expect(lease.leftMs).toBe(0);
    expect(await redis.lease().acquire()).toBe(false);
    redis.nowMs += 300;
    expect(await redis.lease().acquire()).toBe(true);
  });

  it('is lost by who could not renew it in time, and then neither renewed nor noted nor released by it', async () => {
    const redis = new FakeRedis();
    const [one, two] = [redis.lease(), redis.lease()];
    await one.acquire();
    expect(await one.setNote('from one')).toBe(true);
    redis.isAway = true;
    await expect(one.renew()).rejects.toThrow('away');
    // What was held is held on: that Redis did not answer says nothing.
    expect(one.leftMs).toBe(800);
    redis.isAway = false;
    redis.nowMs = 1000;
    expect([await two.acquire(), await one.renew(), await one.setNote('late')]).toEqual([true, false, false]);
    expect(one.leftMs).toBeLessThan(0);
    await one.release();
    expect([await redis.lease().acquire(), await two.renew()]).toEqual([false, true]);
    expect(await two.note()).toBe('from one');
  });

  it('that was taken although the answer was lost is its own', async () => {
    const redis = new FakeRedis();
    const lease = redis.lease();
    await lease.acquire();
    redis.nowMs = 500;
    expect(await lease.acquire()).toBe(true);
    expect(lease.leftMs).toBe(800);
    expect(await lease.note()).toBeNull();
  });
});

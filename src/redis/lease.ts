import { randomUUID } from 'node:crypto';
import type { Connection } from './connection.ts';

/**
 * What only one gateway at a time may do: who holds the lease does it, for as long as the lease is renewed. Where it
 * left off it notes down for the next one. Methods reject with REDIS_UNAVAILABLE and REDIS_REFUSED.
 */
export interface Lease {
  /** Takes it when nobody has it; whether it is held then. */
  acquire(): Promise<boolean>;
  /** Holds it for the whole time again; false: it ran out, and may be somebody else's by now. */
  renew(): Promise<boolean>;
  /**
   * For how long certainly nobody else has it, in milliseconds; 0 or less: somebody may. By this process's own clock, from
   * before Redis was asked on, less a fifth, because clocks differ and the one of Redis may be set.
   */
  readonly leftMs: number;
  /** How often to renew it, in milliseconds: two failures are survived. */
  readonly renewEveryMs: number;
  /** What the last holder noted; null: nothing ever. */
  note(): Promise<string | null>;
  /** Notes something for the next holder; false, and nothing is noted, when it is held no longer. */
  setNote(text: string): Promise<boolean>;
  /** Leaves it to others at once. */
  release(): Promise<void>;
}

/** What a {@link RedisLease} is made of. */
export interface LeaseParts {
  /** Of the lease, as keys in Redis name it. */
  readonly name: string;
  readonly connection: Pick<Connection, 'command'>;
  /** After which time Redis takes it from a holder that does not renew it. */
  readonly leaseMs: number;
  /** Milliseconds; only goes forward. */
  readonly now?: () => number;
}

// A holder that was cut off or asleep must not touch what is another's by now: Redis compares and acts in one.
const ifHeld = (action: string) => `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end ${action} return 1`;
const scripts = {
  renew: ifHeld("redis.call('PEXPIRE', KEYS[1], ARGV[2])"),
  setNote: ifHeld("redis.call('SET', KEYS[2], ARGV[2])"),
  release: ifHeld("redis.call('DEL', KEYS[1])"),
};

/** A {@link Lease} in a key of Redis that runs out. */
export class RedisLease implements Lease {
  readonly #parts: LeaseParts;
  readonly #key: string;
  readonly #noteKey: string;
  readonly #holder = randomUUID();
  readonly #now: () => number;
  #heldUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.#key = `sluice:lease:${parts.name}`;
    this.#noteKey = `sluice:note:${parts.name}`;
    this.#now = parts.now ?? (() => performance.now());
  }

  get leftMs(): number {
    return this.#heldUntilMs - this.#now();
  }

  get renewEveryMs(): number {
    return this.#parts.leaseMs / 4;
  }

  async acquire(): Promise<boolean> {
    const { leaseMs } = this.#parts;
    return await this.#hold(async () => {
      const reply = await this.#command(['SET', this.#key, this.#holder, 'NX', 'PX', String(leaseMs)]);
      // Its own, when the answer to an earlier try was lost.
      return reply !== null || (await this.#script('renew', String(leaseMs)));
    });
  }

  async renew(): Promise<boolean> {
    return await this.#hold(() => this.#script('renew', String(this.#parts.leaseMs)));
  }

  async note(): Promise<string | null> {
    const reply = await this.#command(['GET', this.#noteKey]);
    return reply === null ? null : String(reply);
  }

  async setNote(text: string): Promise<boolean> {
    return await this.#script('setNote', text);
  }

  async release(): Promise<void> {
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    await this.#script('release', '');
  }

  async #hold(ask: () => Promise<boolean>): Promise<boolean> {
    const askedAtMs = this.#now();
    const isHeld = await ask();
    this.#heldUntilMs = isHeld ? askedAtMs + this.#parts.leaseMs * 0.8 : Number.NEGATIVE_INFINITY;
    return isHeld;
  }

  async #script(name: keyof typeof scripts, argument: string): Promise<boolean> {
    const keys = ['2', this.#key, this.#noteKey];
    return (await this.#command(['EVAL', scripts[name], ...keys, this.#holder, argument])) === 1;
  }

  async #command(args: readonly string[]): Promise<unknown> {
    return await this.#parts.connection.command(`the lease "${this.#parts.name}"`, args);
  }
}

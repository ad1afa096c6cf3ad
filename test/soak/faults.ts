import { setTimeout as delay } from 'node:timers/promises';
import type { Broker } from '../support/broker.ts';
import type { FaultWorld } from '../support/fault-world.ts';
import { between, pick } from './random.ts';

/** What faults break, and by which dice. */
export interface FaultContext {
  readonly world: FaultWorld;
  readonly broker: Broker;
  readonly random: () => number;
  /** Ends the waiting of faults that last; what they broke is healed. */
  readonly signal: AbortSignal;
  /** Divides how long faults last; 1 for a soak. */
  readonly haste: number;
}

/** Breaks something and heals it. */
type Fault = (context: FaultContext) => Promise<void>;

const mostPartitions = 12;
/** The local stack starts a Kafka again five times within this time, then never more. */
const killWindowMs = 10 * 60_000;
const killsInWindow = 4;

/** Every fault by its name. */
export type FaultName =
  | 'connections cut'
  | 'connections cut in a frame'
  | 'subscribers cut'
  | 'subscribers asleep'
  | 'readers stopped'
  | 'connections stalled'
  | 'Kafka stalled'
  | 'Kafka cut'
  | 'Kafka refusing'
  | 'Kafka killed'
  | 'gateway killed'
  | 'gateway stopped'
  | 'retention'
  | 'topic recreated'
  | 'partitions added';

const faults: Readonly<Record<FaultName, Fault>> = {
  'connections cut': async ({ world }) => {
    for (const { proxy } of world.replicas) proxy.cut();
  },
  'connections cut in a frame': async ({ world }) => {
    for (const { proxy } of world.replicas) proxy.cutMidway();
  },
  'subscribers cut': async ({ world, random }) => {
    for (const one of pick(random, world.subscribers, 3)) one.cut();
  },
  'subscribers asleep': async (context) => {
    const chosen = pick(context.random, context.world.subscribers, 3);
    for (const one of chosen) one.sleep();
    await wait(context, 500, 15_000);
    for (const one of chosen) one.wake();
  },
  'readers stopped': async (context) => {
    const chosen = pick(context.random, context.world.subscribers, 4);
    for (const one of chosen) one.stopReading();
    await wait(context, 2_000, 20_000);
    for (const one of chosen) one.readOn();
  },
  'connections stalled': async (context) => {
    const [replica] = pick(context.random, context.world.replicas, 1);
    replica?.proxy.stall('down');
    await wait(context, 300, 5_000);
    replica?.proxy.resume();
  },
  'Kafka stalled': async (context) => {
    const { kafkaProxy } = context.world;
    kafkaProxy.stall(context.random() < 0.5 ? 'up' : 'down');
    await wait(context, 300, 8_000);
    kafkaProxy.resume();
  },
  'Kafka cut': async ({ world }) => world.kafkaProxy.cut(),
  'Kafka refusing': async (context) => {
    context.world.kafkaProxy.refuse();
    await wait(context, 300, 4_000);
    context.world.kafkaProxy.accept();
  },
  'Kafka killed': ({ broker }) => broker.restart('SIGKILL'),
  'gateway killed': async ({ world, random }) => await pick(random, world.replicas, 1)[0]?.restart('SIGKILL'),
  'gateway stopped': async ({ world, random }) => await pick(random, world.replicas, 1)[0]?.restart('SIGTERM'),
  retention: async ({ world, random }) => {
    for (const partition of pick(random, [...Array(world.partitions).keys()], 2)) {
      await world.expire(partition, between(random, 0, 100));
    }
  },
  'topic recreated': ({ world }) => world.recreate(),
  'partitions added': async ({ world, random }) => {
    if (world.partitions < mostPartitions) await world.addPartitions(between(random, 1, 2));
  },
};

/** Those that need a Kafka that answers: one at a time. */
const inTurn: ReadonlySet<FaultName> = new Set(['Kafka killed', 'retention', 'topic recreated', 'partitions added']);
/** Those that would undo each other. */
const alone: readonly ReadonlySet<FaultName>[] = [
  new Set(['gateway killed', 'gateway stopped']),
  new Set(['Kafka stalled', 'Kafka refusing']),
];

const faultNames: readonly FaultName[] = Object.keys(faults) as FaultName[];

/** Lets faults happen one after the other, and several at once, and counts them. */
export class Faults {
  readonly counts = new Map<FaultName, number>();
  readonly #context: FaultContext;
  readonly #kills: number[] = [];

  constructor(context: FaultContext) {
    this.#context = context;
  }

  /** Lets one to three of all happen together; resolves with their names when all is healed. */
  async strike(): Promise<readonly FaultName[]> {
    const { random } = this.#context;
    const chosen = pick(random, faultNames, between(random, 1, 3)).filter(
      (name, at, all) =>
        !all.slice(0, at).some((other) => alone.some((pair) => pair.has(name) && pair.has(other))) &&
        (name !== 'Kafka killed' || this.#mayKill()),
    );
    await this.together(chosen);
    return chosen;
  }

  /** Lets these happen together, but for those that need a Kafka that answers: they take turns. */
  async together(names: readonly FaultName[]): Promise<void> {
    const serial = async () => {
      for (const name of names.filter((one) => inTurn.has(one))) await this.#happen(name);
    };
    await Promise.all([serial(), ...names.filter((one) => !inTurn.has(one)).map((name) => this.#happen(name))]);
  }

  async #happen(name: FaultName): Promise<void> {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    await faults[name](this.#context);
  }

  #mayKill(): boolean {
    const now = Date.now();
    const recent = this.#kills.filter((at) => at > now - killWindowMs).length;
    if (recent >= killsInWindow) return false;
    this.#kills.push(now);
    return true;
  }
}

async function wait({ random, signal, haste }: FaultContext, leastMs: number, mostMs: number): Promise<void> {
  await delay(between(random, leastMs, mostMs) / haste, undefined, { signal }).catch(() => {});
}

/** Events of one declared type, by GraphQL field names. */
export interface DemoEvents {
  readonly typeName: string;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

/** What the demo runs on. */
export interface DemoOptions {
  /** Writes the events; the demo waits for it before it makes more, and a rejection is the caller's to log. */
  readonly produce: (events: DemoEvents) => Promise<void>;
  /** From 0 up to 1. */
  readonly random?: () => number;
  readonly now?: () => number;
  /** How often it makes events, in milliseconds. */
  readonly everyMs?: number;
}

/** Demo traffic that runs until it is closed. */
export interface Demo {
  close(): void;
}

const users = ['ada', 'ben', 'cleo', 'dan', 'eve', 'finn', 'gita', 'hugo', 'ines', 'jon'];
const pages = ['/', '/search', '/product/lamp', '/product/chair', '/product/desk', '/cart', '/help'];
const products = ['lamp', 'chair', 'desk'];
const machines = ['press-1', 'press-2', 'lathe-1', 'oven-1'];
const services = ['shop', 'payment', 'search'];
const messages: Readonly<Record<string, readonly string[]>> = {
  DEBUG: ['cache miss', 'pool has 4 idle connections'],
  INFO: ['request served', 'order accepted', 'index refreshed'],
  WARN: ['slow answer from upstream', 'retrying'],
  ERROR: ['payment provider timed out', 'order could not be stored'],
};
const texts = ['  hello from the demo ', 'all is well', '\tdoor 7 opened  ', '', ' shift change '];

/** Plausible clicks, purchases, readings with an anomaly now and then, log lines and text: about 40 events a second. */
export function startDemo(options: DemoOptions): Demo {
  const random = options.random ?? Math.random;
  const now = options.now ?? Date.now;
  let isBusy = false;
  const timer = setInterval(async () => {
    // A slow broker slows the demo down; nothing piles up.
    if (isBusy) return;
    isBusy = true;
    await Promise.allSettled(demoEvents(random, now()).map(options.produce));
    isBusy = false;
  }, options.everyMs ?? 100);
  return { close: () => clearInterval(timer) };
}

/** The streams that the demo knows, by the names of their types. */
export const demoTypes: readonly string[] = ['UserClick', 'Purchase', 'SensorReading', 'LogLine', 'TextLine'];

/** What happens in one tick. Only types that have events are listed. */
export function demoEvents(random: () => number, nowMs: number): readonly DemoEvents[] {
  const at = new Date(nowMs).toISOString();
  const times = (count: number, make: () => Readonly<Record<string, unknown>>) => Array.from({ length: count }, make);
  const sometimes = (chance: number) => (random() < chance ? 1 : 0);
  const all: readonly DemoEvents[] = [
    { typeName: 'UserClick', events: times(2, () => click(random, at)) },
    { typeName: 'Purchase', events: times(sometimes(0.05), () => purchase(random, at)) },
    { typeName: 'SensorReading', events: times(1, () => reading(random, nowMs)) },
    { typeName: 'LogLine', events: times(sometimes(0.7), () => logLine(random, at)) },
    { typeName: 'TextLine', events: times(sometimes(0.2), () => ({ line: pick(random, texts) })) },
  ];
  return all.filter(({ events }) => events.length > 0);
}

function click(random: () => number, clickedAt: string) {
  // Squared, so that some users and pages are far busier than others.
  return { userId: pick(() => random() ** 2, users), url: pick(() => random() ** 2, pages), clickedAt };
}

function purchase(random: () => number, purchasedAt: string) {
  const amount = (5 + random() * 200).toFixed(2);
  return { userId: pick(() => random() ** 2, users), product: pick(random, products), amount, purchasedAt };
}

function reading(random: () => number, nowMs: number) {
  const deviceId = pick(random, machines);
  // A day's swing in a minute, a little noise, and one reading in 150 that is far off.
  const swing = Math.sin((nowMs / 60_000) * 2 * Math.PI) * 3;
  const anomaly = random() < 1 / 150 ? 35 : 0;
  const temperature = round(60 + machines.indexOf(deviceId) * 5 + swing + (random() - 0.5) + anomaly);
  const mode = random() < 0.9 ? 'RUNNING' : 'IDLE';
  return {
    deviceId,
    temperature,
    vibration: round(1 + random() * 0.4),
    mode,
    measuredAt: new Date(nowMs).toISOString(),
  };
}

function logLine(random: () => number, loggedAt: string) {
  const dice = random();
  const level = dice < 0.7 ? 'INFO' : dice < 0.85 ? 'DEBUG' : dice < 0.96 ? 'WARN' : 'ERROR';
  const service = pick(random, services);
  const origin = { host: `${service}-${1 + Math.floor(random() * 3)}`, pid: 100 + Math.floor(random() * 900) };
  return { service, level, message: pick(random, messages[level] ?? ['']), origin, tags: ['demo'], loggedAt };
}

function pick<T>(random: () => number, from: readonly T[]): T {
  const item = from[Math.floor(random() * from.length)];
  if (item === undefined) throw new RangeError('Nothing to pick from.');
  return item;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

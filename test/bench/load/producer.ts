import { Kafka, logLevel, type Message, type Producer } from 'kafkajs';
import { clickRecord } from './click.ts';
import { obey } from './obey.ts';

/** Where the events go. */
interface Target {
  readonly brokers: string;
  readonly topic: string;
  readonly partitions: number;
  /** Length of a record's value. */
  readonly recordBytes: number;
}

/** A burst: so many events as fast as they are taken. */
interface Burst {
  readonly events: number;
  /** The users that the events are of, in turn. */
  readonly users: readonly string[];
  /** In each partition, every so many events is the observer's. */
  readonly observer?: { readonly user: string; readonly every: number };
}

/** What a worker of this file can be asked. */
export type ProducerRequests = typeof requests;

const tickMs = 5;
const burstBatch = 2000;
const burstsInFlight = 4;
const steadyUser = 'user-000000';

let target: Target | null = null;
let producer: Producer | null = null;
let stop: () => Promise<number> = async () => 0;

const requests = {
  async open(settings: Target): Promise<void> {
    target = settings;
    producer = new Kafka({ brokers: settings.brokers.split(','), logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
  },

  /** Sends events at a rate from now on, of records so long. */
  steady({ perSecond, recordBytes }: { perSecond: number; recordBytes: number }): void {
    const startedAt = performance.now();
    const inFlight = new Set<Promise<void>>();
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond) - sent;
      if (due <= 0) return;
      const at = Date.now();
      const messages = Array.from({ length: due }, (_, offset) => event(sent + offset, steadyUser, recordBytes, at));
      sent += due;
      const sending = send(messages).finally(() => inFlight.delete(sending));
      inFlight.add(sending);
    }, tickMs);
    stop = async () => {
      clearInterval(timer);
      await Promise.all(inFlight);
      return sent;
    };
  },

  /** Ends the steady sending; answers with how many there were, when all are acknowledged. */
  stop(): Promise<number> {
    return stop();
  },

  async burst({ events, users, observer }: Burst): Promise<void> {
    const { partitions, recordBytes } = opened();
    let next = 0;
    const userAt = (index: number) =>
      observer && Math.floor(index / partitions) % observer.every === observer.every - 1
        ? observer.user
        : (users[index % users.length] ?? steadyUser);
    const sendBatches = async () => {
      while (next < events) {
        const from = next;
        next = Math.min(events, from + burstBatch);
        const at = Date.now();
        await send(
          Array.from({ length: next - from }, (_, offset) =>
            event(from + offset, userAt(from + offset), recordBytes, at),
          ),
        );
      }
    };
    await Promise.all(Array.from({ length: burstsInFlight }, sendBatches));
  },
};

function opened(): Target {
  if (!target) throw new Error('Not opened.');
  return target;
}

function event(index: number, user: string, recordBytes: number, at: number): Message {
  return { key: user, value: clickRecord(user, index, recordBytes, at), partition: index % opened().partitions };
}

async function send(messages: Message[]): Promise<void> {
  await producer?.send({ topic: opened().topic, messages });
}

obey(requests);

import { readFileSync } from 'node:fs';
import { Connection } from './connection.ts';
import { obey } from './obey.ts';

/** A subscription to open. */
export interface Operation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** The subscribers of a load. */
export interface LoadSettings {
  /** `ws://…` */
  readonly url: string;
  /** The server, whose processor time is read together with the counters. */
  readonly serverPid: number;
  readonly connections: number;
  /** Dealt out to the connections in turn; none: the server sends without being asked. */
  readonly operations: readonly Operation[];
  /** What a frame holds: a page of records, or always one. */
  readonly frames: 'pages' | 'records';
  /** Length of a record in a page. */
  readonly nodeBytes: number;
}

/** What has happened since the last look, all connections together. */
export interface Counters {
  readonly frames: number;
  readonly records: number;
  readonly bytes: number;
  /** Records of the connection that got the fewest, and of that which got the most. */
  readonly leastRecords: number;
  readonly mostRecords: number;
  /** Of some frames of some connections. */
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
  /** Processor time, user and system, of the server and of this process. */
  readonly serverCpuSeconds: number;
  readonly ownCpuSeconds: number;
  /** When the last frame came; 0 if none. */
  readonly lastFrameAt: number;
  /** When the subscribing began. */
  readonly subscribedAt: number;
}

/** What a worker of this file can be asked. */
export type SubscriberRequests = typeof requests;

const connections: Connection[] = [];
const marks = new Map<Connection, number>();
/** So many connections are looked into, spread over all: whom the server serves last counts as well. */
const sampledConnections = 5;
/** Below the backlog of a listening socket. */
const openAtOnce = 200;
const addressCount = 20;
let serverPid = process.pid;
let subscribedAt = 0;
let last = readClocks();

const requests = {
  /** Connects and subscribes; answers when every subscription is live. */
  async open(settings: LoadSettings): Promise<void> {
    serverPid = settings.serverPid;
    subscribedAt = Date.now();
    const sampleStep = Math.max(1, Math.floor((settings.connections - 1) / (sampledConnections - 1)));
    const dealt = Map.groupBy(settings.operations.keys(), (index) => index % settings.connections);
    for (let from = 0; from < settings.connections; from += openAtOnce) {
      const count = Math.min(openAtOnce, settings.connections - from);
      const opening = Array.from({ length: count }, (_, offset) => {
        const index = from + offset;
        return new Connection({
          ...settings,
          localAddress: `127.0.0.${2 + (index % addressCount)}`,
          operations: (dealt.get(index) ?? []).flatMap((operation) => settings.operations[operation] ?? []),
          isSampled: index % sampleStep === 0,
        });
      });
      connections.push(...opening);
      await Promise.all(opening.map(({ opened }) => opened));
    }
    last = readClocks();
  },

  /** The counters since the last time. Throws when a connection or a subscription has ended. */
  read(): Counters {
    const failed = connections.find(({ failure }) => failure !== null);
    if (failed) throw new Error(`A subscriber failed: ${failed.failure}`);
    const now = readClocks();
    const records = connections.map((connection) => connection.records - (marks.get(connection) ?? 0));
    const counters = {
      frames: take('frames'),
      records: records.reduce((sum, count) => sum + count, 0),
      bytes: take('bytes'),
      leastRecords: Math.min(...records),
      mostRecords: Math.max(...records),
      latenciesMs: connections.flatMap(({ latencies }) => latencies),
      seconds: (now.at - last.at) / 1000,
      serverCpuSeconds: now.server - last.server,
      ownCpuSeconds: now.own - last.own,
      lastFrameAt: Math.max(...connections.map(({ lastFrameAt }) => lastFrameAt)),
      subscribedAt,
    };
    for (const connection of connections) {
      marks.set(connection, connection.records);
      connection.latencies = [];
    }
    last = now;
    return counters;
  },
};

function take(name: 'frames' | 'bytes'): number {
  let sum = 0;
  for (const connection of connections) {
    sum += connection[name];
    connection[name] = 0;
  }
  return sum;
}

function readClocks() {
  const own = process.cpuUsage();
  return { at: performance.now(), server: cpuSeconds(serverPid), own: (own.user + own.system) / 1e6 };
}

/** utime and stime of proc(5)'s stat, in ticks of 10 ms, of all threads. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

obey(requests);

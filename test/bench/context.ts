import type { Running } from './processes.ts';

/** What the benchmarks share: a real Kafka, and gateways on it. */
export interface BenchContext {
  readonly brokers: string;
  /** A temporary folder with the declarations in it; what is put there is deleted in the end, however that comes. */
  readonly folder: string;
  /** The topic of the declared type `Click`. */
  readonly topic: string;
  /** The topic of the declared type `Visit`, which nobody writes to but the replay. */
  readonly replayTopic: string;
  /** The topic of the declared type `Noise`, which nobody reads. */
  readonly unreadTopic: string;
}

/** A gateway process of a benchmark's own, so that none runs in the heap and the compiled code of another. */
export interface GatewayContext extends BenchContext {
  readonly gateway: Running;
  readonly gatewayUrl: string;
}

/** How many partitions the declared topics have. */
export const partitionCount = 4;

const fields = `
    userId: ID!
    url: String!
    clickedAt: DateTime! @eventTime
`;

/** The declarations that the benchmarked gateway serves. */
export const benchDeclarations = `
  "One page view."
  type Click @stream(topic: "bench_clicks", key: ["userId"], partitions: ${partitionCount}, plural: "clicks") {${fields}}
  "One page view of old."
  type Visit @stream(topic: "bench_visits", key: ["userId"], partitions: ${partitionCount}, plural: "visits") {${fields}}
  "One that nobody wants to know of."
  type Noise @stream(topic: "bench_noise", key: ["userId"], partitions: ${partitionCount}, plural: "noises") {${fields}}
`;

/** What a benchmark runs against: a gateway process of its own on a real Kafka. */
export interface BenchContext {
  readonly gatewayUrl: string;
  readonly gatewayPid: number;
  readonly brokers: string;
  /** The topic of the declared type `Click`. */
  readonly topic: string;
}

/** The declarations that the benchmarked gateway serves. */
export const benchDeclarations = `
  "One page view."
  type Click @stream(topic: "bench_clicks", key: ["userId"], partitions: 4, plural: "clicks") {
    userId: ID!
    url: String!
    clickedAt: DateTime! @eventTime
  }
`;

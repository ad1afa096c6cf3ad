import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localOptions, openLocalStack } from '#local';
import { type BenchContext, partitionCount } from './context.ts';
import { type Running, run } from './processes.ts';
import type { Line } from './report.ts';

/** A Kafka and a Flink of their own for the measurements that need Flink. */
export interface FlinkClusters {
  /** A temporary folder; it is deleted in the end, however that comes. */
  readonly folder: string;
  readonly brokers: string;
  /** The JobManager, `http://host:port`. */
  readonly flinkRest: string;
  /** The SQL Gateway, `http://host:port`. */
  readonly sqlGateway: string;
}

/** The clusters with a gateway on them. */
export interface FlinkContext extends FlinkClusters {
  readonly gateway: Running;
  readonly gatewayUrl: string;
}

/** What the gateway on Flink serves: a stream that SQL can read, and no view that would run beside what is measured. */
const flinkDeclarations = `
  "One page view."
  type Click @stream(topic: "bench_clicks", key: ["userId"], partitions: ${partitionCount}, plural: "clicks") {
    userId: ID!
    url: String!
    clickedAt: DateTime! @eventTime
  }
`;
const startWithinMs = 180_000;

/** Makes a measurement that has a Flink, a Kafka and a gateway of its own; they end with it. */
export function onFlink(
  measure: (context: FlinkContext) => Promise<readonly Line[]>,
): (context: BenchContext) => Promise<readonly Line[]> {
  return async (context) => {
    const folder = await mkdtemp(join(context.folder, 'flink-'));
    const schema = join(folder, 'schema');
    await using started = new AsyncDisposableStack();
    const stack = started.adopt(
      await openLocalStack({
        ...localOptions.parse({ dataDir: join(folder, 'data'), ports: { kafka: 0, flinkRest: 0, sqlGateway: 0 } }),
        env: process.env,
        flink: true,
        logger: { debug() {}, info() {}, warn() {}, error() {} },
        onProgress: () => undefined,
        signal: AbortSignal.timeout(startWithinMs),
      }),
      (open) => open.close(),
    );
    await stack.flinkReady;
    const { kafkaBrokers: brokers, flinkRest, sqlGateway } = stack.endpoints;
    if (flinkRest === null || sqlGateway === null) throw new Error('The stack has no Flink.');
    await mkdir(schema);
    await writeFile(join(schema, 'bench.graphql'), flinkDeclarations);
    const clusters = { folder, brokers, flinkRest, sqlGateway };
    const gateway = started.use(await openFlinkGateway(clusters));
    return await measure({ ...clusters, gateway, gatewayUrl: gateway.found });
  };
}

/** Starts a gateway on the clusters, as `npm start` does. */
export function openFlinkGateway(clusters: FlinkClusters): Promise<Running> {
  const { folder, brokers, flinkRest, sqlGateway } = clusters;
  return run(
    ['--max-semi-space-size=8', 'bin/sluice.js', '--schema', join(folder, 'schema'), '--port', '0'],
    /https?:\/\/\S+\/graphql/,
    { KAFKA_BROKERS: brokers, FLINK_REST_URL: flinkRest, FLINK_SQL_GATEWAY_URL: sqlGateway, SLUICE_SQL: 'all' },
  );
}

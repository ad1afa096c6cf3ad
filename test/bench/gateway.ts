import type { BenchContext, GatewayContext } from './context.ts';
import { type Running, run } from './processes.ts';
import type { Line } from './report.ts';

/** Starts a gateway as `npm start` does, on the shared Kafka. */
export function openGateway({ brokers, folder }: BenchContext, nodeArgs: readonly string[] = []): Promise<Running> {
  const args = ['--max-semi-space-size=8', ...nodeArgs, 'bin/sluice.js', '--schema', folder, '--port', '0'];
  return run(args, /https?:\/\/\S+\/graphql/, { KAFKA_BROKERS: brokers });
}

/** Makes a measurement that has a gateway of its own. */
export function onGateway(
  measure: (context: GatewayContext) => Promise<readonly Line[]>,
): (context: BenchContext) => Promise<readonly Line[]> {
  return async (context) => {
    await using gateway = await openGateway(context);
    return await measure({ ...context, gateway, gatewayUrl: gateway.found });
  };
}

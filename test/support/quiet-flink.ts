import type { RestorePoints } from '#jobs';
import type { Model, RegistryReading } from '#model';
import { type FlinkParts, flinkSettings, openFlinkParts } from '../../src/flink-parts.ts';

/** What {@link openQuietFlink} may be given. */
export interface QuietFlinkOptions {
  readonly model: Model;
  /** Parsed as those of the gateway are; without addresses there is no Flink. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly bootstrapServers?: string;
  readonly restorePoints?: RestorePoints | null;
  readonly registry?: RegistryReading;
}

/** Everything that the gateway does with Flink, without a gateway around it and without a log. */
export function openQuietFlink(options: QuietFlinkOptions): FlinkParts {
  const { settings = {}, bootstrapServers = 'kafka:9092', restorePoints = null } = options;
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  return openFlinkParts({
    ...options,
    settings: flinkSettings.parse(settings),
    bootstrapServers,
    restorePoints,
    logger,
  });
}

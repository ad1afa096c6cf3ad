import { flinkOptions, openFlink } from '#flink';
import type { Model } from '#model';

/** The real Flink room with no Flink configured: every call says so. */
export function openNoFlink(model: Model) {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  return openFlink({ settings: flinkOptions.parse({}), model, bootstrapServers: '', restorePoints: null, logger });
}

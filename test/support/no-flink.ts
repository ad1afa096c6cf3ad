import type { Model } from '#model';
import { openQuietFlink } from './quiet-flink.ts';

/** The real Flink rooms with no Flink configured: every call says so. */
export function openNoFlink(model: Model) {
  return openQuietFlink({ model });
}

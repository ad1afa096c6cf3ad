import type { Bounds, LogGap } from '#feed';

/** What is missing when reading at an offset outside the log; null when the log holds it. */
export function toGap(offset: bigint, bounds: Bounds): LogGap | null {
  if (offset < bounds.start) return { reason: 'EXPIRED', from: offset, to: bounds.start };
  if (offset > bounds.end) return { reason: 'TRUNCATED', from: offset, to: bounds.end };
  return null;
}

import type { Bounds, LogGap } from '#feed';

/** What is missing when reading at an offset outside the log; null when the log holds it. */
export function toGap(offset: bigint, bounds: Bounds): LogGap | null {
  if (offset < bounds.start) return { reason: 'EXPIRED', from: offset, to: bounds.start };
  if (offset > bounds.end) return { reason: 'TRUNCATED', from: offset, to: bounds.end };
  return null;
}

/** What is missing when the log that an offset was reached in ends before it: reading goes on where it ends. */
export function toTruncation(offset: bigint, end: bigint, bounds: Bounds): LogGap {
  return { reason: 'TRUNCATED', from: offset, to: end < bounds.start ? bounds.start : end };
}

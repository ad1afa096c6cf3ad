import { z } from 'zod';

/** How much of a topic is looked at. */
export const sampleOptions = z.object({
  /** The newest records of each topic, spread over its partitions. */
  records: z.int().min(1).default(1_000),
  /** Of each topic; then the sample is what there is. */
  maxBytes: z
    .int()
    .min(1)
    .default(8 * 1024 * 1024),
  /** For each topic. */
  timeoutMs: z.int().min(1).default(10_000),
});

/** See {@link sampleOptions}. */
export type SampleOptions = z.infer<typeof sampleOptions>;

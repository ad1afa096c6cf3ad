import { describe, expect, it } from 'vitest';
import { kafkaOptionsSchema } from '#kafka';

describe('kafkaOptionsSchema', () => {
  it('reads a list of brokers and fills in the rest', () => {
    const options = kafkaOptionsSchema.parse({ connection: { brokers: 'a:9092, [::1]:9093' } });
    expect(options.connection.brokers).toEqual(['a:9092', '[::1]:9093']);
    expect(options).toMatchObject({ deadlineMs: 5_000, writer: { lingerMs: 0 }, reader: { fetchMaxWaitMs: 500 } });
  });

  it.each(['', 'a', 'a:', 'a:9092,', 'http://a:9092'])('refuses "%s" as brokers', (brokers) => {
    expect(kafkaOptionsSchema.safeParse({ connection: { brokers } }).success).toBe(false);
  });
});

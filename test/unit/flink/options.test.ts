import { expect, test } from 'vitest';
import { flinkOptions } from '#flink';

test('one address without the other is a fault of the configuration', () => {
  const parsed = flinkOptions.safeParse({ restUrl: 'http://localhost:8081' });
  expect(parsed.error?.issues[0]?.message).toContain('go together');
  expect(flinkOptions.safeParse({ restUrl: 'localhost:8081', sqlGatewayUrl: 'http://x' }).success).toBe(false);
});

import { expect, test } from 'vitest';
import { AdHocLimits } from '../../../src/queries/ad-hoc-limits.ts';

test('a client gets as many places as it may, and all together as many as there are', () => {
  const limits = new AdHocLimits({ perClient: 2, total: 3 });
  const first = limits.take('a');
  limits.take('a');
  expect(() => limits.take('a')).toThrow('SLUICE_SQL_QUERIES_PER_CLIENT');
  limits.take('b');
  expect(() => limits.take('c')).toThrow('SLUICE_SQL_QUERIES)');
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  limits.take('c');
  expect(() => limits.take('d')).toThrow('SLUICE_SQL_QUERIES)');
});

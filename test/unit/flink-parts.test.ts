import { expect, test } from 'vitest';
import { flinkSettings } from '../../src/flink-parts.ts';
import { openQuietFlink } from '../support/quiet-flink.ts';
import { clicksModel } from './flink/models.ts';

test('without addresses every call says that there is no Flink', async () => {
  const flink = openQuietFlink({ model: clicksModel() });
  const error = expect.stringContaining('FLINK_REST_URL');
  expect(flink.views.statuses()[0]).toMatchObject({ state: 'NO_FLINK', error });
  const refusal = { code: 'FLINK_UNAVAILABLE', message: error };
  await expect(flink.jobs.list()).rejects.toMatchObject(refusal);
  await expect(flink.sql.explain({ statement: 'SELECT 1', client: 'me' })).rejects.toMatchObject(refusal);
  expect(await flink.isReady()).toBe(false);
  await flink.close();
});

test('the settings of all rooms keep the rule that both addresses are given, or neither', () => {
  const parsed = flinkSettings.safeParse({ restUrl: 'http://localhost:8081' });
  expect(parsed.error?.issues[0]?.message).toContain('go together');
});

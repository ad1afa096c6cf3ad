import { describe, expect, test } from 'vitest';
import {
  type OperationKey,
  operationKinds,
  parseOperationId,
  toOperationId,
} from '../../../src/jobs/job-operations.ts';

const jobId = 'a'.repeat(32);

describe('the id of an operation', () => {
  test('says all that is needed to ask Flink again', () => {
    for (const kind of operationKinds) {
      for (const key of [
        { kind, jobId, detail: 'b'.repeat(32) },
        { kind, jobId, detail: '12' },
        { kind, jobId, detail: null },
        { kind, jobId: null, detail: 'b'.repeat(32) },
      ] satisfies OperationKey[]) {
        expect(parseOperationId(toOperationId(key))).toEqual(key);
      }
    }
  });

  test.each(['', 'STOP', `STOP:${jobId}`, `STOP:${jobId}:../../jars`, `NONE:${jobId}:`, `STOP:${jobId}:1\n`])(
    'is no "%s"',
    (id) => {
      expect(() => parseOperationId(id)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    },
  );
});
